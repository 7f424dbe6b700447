import { useEffect, useMemo, useState } from "preact/hooks";

import type { Status } from "../net/connection";
import type { Attachment } from "../session/attachment";
import { signalName, type Ending } from "../session/ending";
import { text } from "../strings";

/**
 * The state of the line, over the terminal, which keeps its size: the line will be back. Silent while all is well.
 * `quietEnd` tells where it hides least.
 */
export function LineState({ attachment, quietEnd }: { attachment: Attachment; quietEnd: () => "top" | "bottom" }) {
  const state = attachment.connection.status.value.state;
  const end = useMemo(quietEnd, [state]);
  return (
    <div class="banner-place" data-end={end} role="status" aria-live="polite">
      {attachment.ending.value === null && <LineBanner status={attachment.connection.status.value} attachment={attachment} />}
    </div>
  );
}

/** How the session ended, beside its last screen. */
export function EndState({ attachment }: { attachment: Attachment }) {
  const ending = attachment.ending.value;
  return (
    <div role="status" aria-live="polite">
      {ending !== null && <EndBanner ending={ending} />}
    </div>
  );
}

function EndBanner({ ending }: { ending: Ending }) {
  const [words, more] = endText(ending);
  return (
    <div class="banner" data-testid="banner" data-kind={ending.kind}>
      <strong>{words}</strong>
      <span class="banner-more">{more}</span>
      <a class="button small" href="/">{text.backToList}</a>
    </div>
  );
}

function endText(ending: Ending): readonly [string, string] {
  switch (ending.kind) {
    case "exited":
      return [text.exited(ending.code), text.lastScreen];
    case "killed":
      return [text.killed(signalName(ending.signal)), text.lastScreen];
    case "stopped":
      return [text.stoppedBy(ending.by), text.lastScreen];
    case "lost":
      return [text.lost, text.lostCause(ending.cause)];
  }
}

function LineBanner({ status, attachment }: { status: Status; attachment: Attachment }) {
  const seconds = useCountdown("retryAt" in status ? status.retryAt : 0);
  const retry = () => attachment.connection.retry();
  switch (status.state) {
    case "connecting":
      return <div class="banner" data-testid="banner" data-kind="connecting"><strong>{text.connecting}</strong></div>;
    case "reconnecting":
      return (
        <div class="banner" data-testid="banner" data-kind="reconnecting">
          <strong>{text.reconnecting(status.attempt)}</strong>
          <span class="banner-more">{text.causes[status.cause]}<span aria-hidden="true">; {text.retryIn(seconds)}</span></span>
          <button class="button small" type="button" onClick={retry} data-testid="retry">{text.retry}</button>
        </div>
      );
    case "stopped":
      return (
        <div class="banner" data-testid="banner" data-kind="gateway-stopped">
          <strong>{text.gatewayStopped}</strong>
          <span class="banner-more">{text.gatewayStoppedHint}<span aria-hidden="true">; {text.retryIn(seconds)}</span></span>
          <button class="button small" type="button" onClick={retry} data-testid="retry">{text.retry}</button>
        </div>
      );
    case "replaced":
      return (
        <div class="banner" data-testid="banner" data-kind="replaced">
          <strong>{text.replaced}</strong>
          <span class="banner-more">{text.replacedHint}</span>
          <button class="button small" type="button" onClick={retry}>{text.useHere}</button>
        </div>
      );
    default:
      return null;
  }
}

/** Whole seconds until `at` (ms), counting down; 0 when it is now. */
function useCountdown(at: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (at === 0) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [at]);
  return Math.max(0, Math.ceil((at - now) / 1000));
}
