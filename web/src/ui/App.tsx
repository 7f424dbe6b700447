import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { Invitation } from "../net/pairing";
import { text } from "../strings";
import { ListPage } from "./ListPage";
import { PairPage } from "./PairPage";
import { followLink, route } from "./route";
import { SignIn } from "./SignIn";
import { Splash } from "./Splash";

type SessionPage = ComponentType<{ id: string }>;

/** `refusal` says why the ticket in the link was no good. */
export function App({ refusal, invitation }: { refusal: string; invitation: Invitation | null }) {
  const [refused, setRefused] = useState(refusal);
  const where = route.value;
  if (refused !== "") return <SignIn session={where.page === "session" ? where.id : ""} refusal={refused} done={() => setRefused("")} />;
  return (
    <div class="app" onClick={followLink}>
      {where.page === "list" && <ListPage />}
      {where.page === "pair" && <PairPage invitation={invitation} />}
      {where.page === "audit" && <Lazy key="audit" load={() => import("./AuditPage").then((module) => module.AuditPage)} />}
      {where.page === "devices" && <Lazy key="devices" load={() => import("./DevicesPage").then((module) => module.DevicesPage)} />}
      {where.page === "session" && <LazySession key={where.id} id={where.id} />}
      {where.page === "nowhere" && (
        <Splash title={text.unknownSession} hint={text.unknownSessionHint}>
          <a class="button" href="/">{text.backToList}</a>
        </Splash>
      )}
    </div>
  );
}

/** Looked at now and then: a chunk of its own. */
function Lazy({ load }: { load: () => Promise<ComponentType> }) {
  const [page, setPage] = useState<{ Page: ComponentType } | null>(null);
  useEffect(() => {
    void load().then((Page) => setPage({ Page }));
  }, []);
  return page === null ? <Splash title={text.loading} /> : <page.Page />;
}

/** The list needs neither the protocol nor the terminal: they come with the first session. */
function LazySession({ id }: { id: string }) {
  const [page, setPage] = useState<{ Page: SessionPage } | null>(null);
  useEffect(() => {
    void import("./SessionPage").then((module) => setPage({ Page: module.SessionPage }));
  }, []);
  return page === null ? <Splash title={text.connecting} /> : <page.Page id={id} />;
}
