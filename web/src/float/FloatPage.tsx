import { useEffect } from "preact/hooks";

import { trouble } from "../fleet/watch";
import { text } from "../strings";
import { SignIn } from "../ui/SignIn";
import { called } from "../ui/title";
import { Float } from "./Float";
import { MAIN } from "./window";

/** The floating console in a window of its own, for browsers that let nothing float. */
export function FloatPage() {
  useEffect(() => called(text.float.title), []);
  const failure = trouble.value;
  if (failure?.kind === "refused" && failure.status === 401) return <SignIn session="" done={() => undefined} />;
  return <Float visit={(path) => void window.open(path, MAIN)} />;
}
