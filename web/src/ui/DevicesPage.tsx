import "../styles/devices.css";

import { useEffect, useState } from "preact/hooks";

import { listDevices, revokeDevice, type Answer, type DeviceInfo } from "../net/api";
import { ageOf, text } from "../strings";
import { SignIn } from "./SignIn";
import { Splash } from "./Splash";
import { called } from "./title";

/** Who may use this gateway; an administrator may revoke each of them here. */
export function DevicesPage() {
  const [answer, setAnswer] = useState<Answer<readonly DeviceInfo[]> | null>(null);
  const [asked, setAsked] = useState(0);
  const [doomed, setDoomed] = useState("");

  useEffect(() => {
    called(text.devices);
    void listDevices().then(setAnswer);
  }, [asked]);

  const revoke = async (id: string) => {
    if (doomed !== id) return setDoomed(id);
    setDoomed("");
    await revokeDevice(id);
    setAsked(asked + 1);
  };

  if (answer === null) return <Splash title={text.loading} state="connecting" />;
  if (!answer.ok) {
    const failure = answer.failure;
    if (failure.kind === "refused" && failure.status === 401) return <SignIn session="" done={() => setAsked(asked + 1)} />;
    const refused = failure.kind === "refused";
    return (
      <Splash title={refused ? failure.message : text.listFailed} hint={refused ? failure.hint : text.listFailedHint} state="stopped">
        <a class="button" href="/">{text.backToList}</a>
      </Splash>
    );
  }
  const now = Date.now();
  return (
    <main class="list" data-testid="devices">
      <header class="list-head">
        <h1>{text.devices}</h1>
        <span class="count">{answer.value.length}</span>
      </header>
      <p class="lead">{text.devicesHint}</p>
      <ul class="rows" aria-label={text.devices}>
        {answer.value.map((device) => (
          <li key={device.id} class="row device-row" data-testid="device" data-id={device.id}>
            <span class="row-main">
              <span class="row-title">{device.name}{device.this ? ` (${text.thisDevice})` : ""}</span>
              <span class="row-sub">
                <span>{device.kind === "desk" ? text.browserHere : text.pairedDevice}</span>
                <span class="mono">{device.id.slice(0, 8)}</span>
                <span>{device.scopes.join(", ")}</span>
              </span>
            </span>
            <span class="row-side">
              <span class="row-age">{device.last_seen === 0 ? "" : text.seen(ageOf(device.last_seen * 1e6, now))}</span>
              <button class="button small" type="button" onClick={() => void revoke(device.id)}>
                {doomed === device.id ? text.revokeSure : text.revoke}
              </button>
            </span>
          </li>
        ))}
      </ul>
    </main>
  );
}
