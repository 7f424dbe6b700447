import { update } from "../app/updates";
import { text } from "../strings";

/** Says that a newer page is there. */
export function UpdateBar() {
  if (!update.value) return null;
  return (
    <div class="update-bar" role="status" data-testid="update">
      <span>{text.updateReady}</span>
      <button class="button small primary" type="button" onClick={() => location.reload()}>{text.updateNow}</button>
    </div>
  );
}
