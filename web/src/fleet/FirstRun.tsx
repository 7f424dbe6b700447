import { useEffect, useState } from "preact/hooks";

import { listProviders, type ProviderInfo } from "../net/api";
import { text } from "../strings";

const INSTALL: Readonly<Record<string, string>> = {
  codex: "npm install -g @openai/codex",
  claude: "npm install -g @anthropic-ai/claude-code",
  opencode: "npm install -g opencode-ai",
};

/** Nothing was ever started here: what to do, with what this machine already has. */
export function FirstRun() {
  const [providers, setProviders] = useState<readonly ProviderInfo[]>([]);
  useEffect(() => {
    void listProviders().then((answer) => { if (answer.ok) setProviders(answer.value); });
  }, []);
  const agents = providers.filter((provider) => provider.name in INSTALL);
  const first = agents.find((agent) => agent.found)?.name ?? "shell";
  return (
    <main class="list fleet" data-testid="list" data-state="live">
      <section class="first-run card" data-testid="never-used">
        <h1>{text.firstRun.title}</h1>
        <p>{text.firstRun.lead}</p>
        <ol>
          <li>
            <h2>{text.firstRun.install}</h2>
            <ul class="found" aria-label={text.firstRun.found}>
              {agents.map((agent) => (
                <li key={agent.name} data-testid="agent" data-found={agent.found}>
                  <span class="glyph" data-tone={agent.found ? "calm" : "over"} aria-hidden="true">{agent.found ? "✓" : "○"}</span>
                  <strong>{agent.name}</strong>
                  {agent.found ? <span class="mono found-path">{agent.path}</span> : <Command words={INSTALL[agent.name] ?? ""} />}
                </li>
              ))}
            </ul>
          </li>
          <li><h2>{text.firstRun.run}</h2><Command words={`tether run ${first}`} /></li>
          <li><h2>{text.firstRun.pair}</h2><Command words="tether pair" /></li>
        </ol>
      </section>
    </main>
  );
}

/** A command with a button that copies it. */
function Command({ words }: { words: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard?.writeText(words).then(() => setCopied(true), () => undefined);
  return (
    <span class="copyable">
      <code class="command">{words}</code>
      <button class="button small" type="button" onClick={copy} aria-label={`${text.firstRun.copy}: ${words}`}>{copied ? text.fleet.copied : text.firstRun.copy}</button>
    </span>
  );
}
