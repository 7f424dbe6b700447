import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { FleetPage } from "../fleet/FleetPage";
import type { Invitation } from "../net/pairing";
import { watch } from "../fleet/watch";
import { text } from "../strings";
import { Nav } from "./Nav";
import { PairPage } from "./PairPage";
import { followLink, route } from "./route";
import { SettingsPage } from "./SettingsPage";
import { SignIn } from "./SignIn";
import { Splash } from "./Splash";
import { UpdateBar } from "./UpdateBar";

/** `refusal` says why the ticket in the link was no good. */
export function App({ refusal, invitation }: { refusal: string; invitation: Invitation | null }) {
  const [refused, setRefused] = useState(refusal);
  const where = route.value;
  // Every page but that of a stranger tells who needs somebody.
  const known = where.page !== "pair" && refused === "";
  useEffect(() => (known ? watch() : undefined), [known]);
  if (refused !== "") return <SignIn session={where.page === "session" ? where.id : ""} refusal={refused} done={() => setRefused("")} />;
  const framed = !["session", "pair", "float", "nowhere"].includes(where.page);
  return (
    <div class="app" data-framed={framed} onClick={followLink}>
      <UpdateBar />
      {framed && <Nav page={where.page} />}
      {where.page === "list" && <FleetPage />}
      {where.page === "pair" && <PairPage invitation={invitation} />}
      {where.page === "settings" && <SettingsPage />}
      {where.page === "audit" && <Lazy key="audit" load={() => import("./AuditPage").then((module) => module.AuditPage)} />}
      {where.page === "devices" && <Lazy key="devices" load={() => import("./DevicesPage").then((module) => module.DevicesPage)} />}
      {where.page === "session" && <LazyWith key={where.id} id={where.id} load={() => import("./SessionPage").then((module) => module.SessionPage)} />}
      {where.page === "approvals" && <LazyWith key="approvals" id={where.rest} load={() => import("../approvals/ApprovalsPage").then((module) => module.ApprovalsPage)} />}
      {where.page === "float" && <Lazy key="float" load={() => import("../float/FloatPage").then((module) => module.FloatPage)} />}
      {where.page === "nowhere" && (
        <Splash title={text.unknownPage} hint={text.unknownPageHint}>
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

/** As `Lazy`, for one session or approval. The list needs neither the protocol nor the terminal: they come with it. */
function LazyWith({ id, load }: { id: string; load: () => Promise<ComponentType<{ id: string }>> }) {
  const [page, setPage] = useState<{ Page: ComponentType<{ id: string }> } | null>(null);
  useEffect(() => {
    void load().then((Page) => setPage({ Page }));
  }, []);
  return page === null ? <Splash title={text.connecting} /> : <page.Page id={id} />;
}
