import { useEffect, useState } from "preact/hooks";

import { canPair } from "../net/device";
import { codeIn, knock, type Invitation } from "../net/pairing";
import { browserName } from "../session/identity";
import { text } from "../strings";
import { Splash } from "./Splash";
import { called } from "./title";

type Stage =
  | { readonly stage: "asking"; readonly problem: string }
  | { readonly stage: "knocking" }
  | { readonly stage: "comparing"; readonly digits: string }
  | { readonly stage: "paired" };

const LIFE_S = 120;

/** Make this browser a device of the gateway: by the link that was opened, or by a code that is typed. */
export function PairPage({ invitation }: { invitation: Invitation | null }) {
  const [able, setAble] = useState<boolean | null>(null);
  const [left, setLeft] = useState(invitation);
  const [at, setAt] = useState<Stage>({ stage: "asking", problem: "" });

  useEffect(() => {
    called(text.pairTitle);
    void canPair().then(setAble);
  }, []);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = (event.currentTarget as HTMLFormElement).elements;
    const name = (fields.namedItem("name") as HTMLInputElement).value.trim();
    const code = left === null ? codeIn((fields.namedItem("code") as HTMLInputElement).value) : "";
    if (left === null && code === "") return setAt({ stage: "asking", problem: text.codeEmpty });
    setAt({ stage: "knocking" });
    const ended = await knock(left ?? code, name, navigator.platform, (digits) => setAt({ stage: "comparing", digits }));
    // An invitation is good once.
    setLeft(null);
    setAt(ended.ok ? { stage: "paired" } : { stage: "asking", problem: text.notPaired(ended.reason) });
  };

  if (able === null || at.stage === "knocking") return <Splash title={text.connecting} state="connecting" />;
  if (!able) return <Splash title={text.cannotPair} hint={text.cannotPairHint} state="unable" />;
  if (at.stage === "paired") {
    return (
      <Splash title={text.paired} hint={text.pairedHint} state="paired">
        <a class="button primary" href="/">{text.allSessions}</a>
      </Splash>
    );
  }
  if (at.stage === "comparing") return <Digits digits={at.digits} />;
  return (
    <main class="splash" data-testid="pair" data-state="asking">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>{text.pairTitle}</h1>
        <p>{left === null ? text.pairByCodeHint : text.pairHint}</p>
        {left === null && (
          <label>
            <span>{text.codeLabel}</span>
            <input class="mono" name="code" type="text" maxLength={12} autocomplete="off" autocapitalize="characters" spellcheck={false} placeholder="XXXX-XXXX" data-testid="code" />
          </label>
        )}
        <label>
          <span>{text.deviceName}</span>
          <input name="name" type="text" maxLength={50} autocomplete="off" defaultValue={browserName(navigator.userAgent)} data-testid="name" />
        </label>
        <p class="problem" role="alert" data-testid="problem">{at.problem}</p>
        <button class="button primary" type="submit">{text.pairButton}</button>
      </form>
    </main>
  );
}

/** The digits that the owner compares, and how long there is for it. */
function Digits({ digits }: { digits: string }) {
  const [seconds, setSeconds] = useState(LIFE_S);
  useEffect(() => {
    const began = performance.now();
    const timer = setInterval(() => setSeconds(Math.max(0, LIFE_S - Math.round((performance.now() - began) / 1000))), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <main class="splash" data-testid="pair" data-state="comparing">
      <div class="card" role="status" aria-live="polite">
        <h1>{text.compareTitle}</h1>
        <p class="digits mono" data-testid="digits">{`${digits.slice(0, 3)} ${digits.slice(3)}`}</p>
        <p>{text.compareHint}</p>
        <p aria-hidden="true">{text.compareLeft(seconds)}</p>
      </div>
    </main>
  );
}
