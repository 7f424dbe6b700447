import "./styles/app.css";
import "./styles/frame.css";

import { render } from "preact";

import { follow } from "./app/updates";
import { login, whoAmI } from "./net/api";
import { takeInvitation } from "./net/pairing";
import { takeTicket } from "./net/ticket";
import { text } from "./strings";
import { App } from "./ui/App";
import { Splash } from "./ui/Splash";
import { followTitle } from "./ui/title";

// First of all, before anything is asked of the network: no ticket stays in the address.
const ticket = takeTicket();
const invitation = takeInvitation();

follow();
followTitle();

const root = document.getElementById("app");
if (root !== null) void start(root);

async function start(root: HTMLElement): Promise<void> {
  let refusal = "";
  if (ticket !== "") {
    render(<Splash title={text.signingIn} />, root);
    const answer = await login(ticket);
    // A link that was used before is no harm to whoever is signed in already.
    if (!answer.ok && answer.failure.kind === "refused" && !(await whoAmI()).ok) {
      refusal = [answer.failure.message, answer.failure.hint].filter((part) => part !== "").join(". ");
    }
  }
  render(<App refusal={refusal} invitation={invitation} />, root);
}
