import type { ComponentChildren } from "preact";

/** A page that has one thing to say. */
export function Splash(props: { title: string; hint?: string; command?: string; children?: ComponentChildren; state?: string }) {
  return (
    <main class="splash" data-testid="splash" data-state={props.state}>
      <div class="card" role="status" aria-live="polite">
        <h1>{props.title}</h1>
        {props.hint !== undefined && <p>{props.hint}</p>}
        {props.command !== undefined && <pre class="command"><code>{props.command}</code></pre>}
        {props.children}
      </div>
    </main>
  );
}
