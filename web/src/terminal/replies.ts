/**
 * Programs ask the terminal questions (who are you, where is the cursor) and it answers by itself, as if typed. Only the
 * page that controls the session may answer, and only what is asked now: an answer to a question out of the log would
 * be typed into whatever runs today.
 */
import type { Terminal } from "@xterm/xterm";

/**
 * Watch for questions. `mayAnswer` is asked at each; `answering` is called before the terminal answers, so that the
 * bytes that follow are not taken for typing.
 */
export function watchQuestions(terminal: Terminal, mayAnswer: () => boolean, answering: () => void): void {
  const parser = terminal.parser;
  // True swallows the question; false leaves it to the terminal itself.
  const asked = (isQuestion: boolean): boolean => {
    if (!isQuestion) return false;
    if (!mayAnswer()) return true;
    answering();
    return false;
  };
  const always = () => asked(true);
  parser.registerCsiHandler({ final: "c" }, always); // device attributes
  parser.registerCsiHandler({ prefix: ">", final: "c" }, always);
  parser.registerCsiHandler({ prefix: "=", final: "c" }, always);
  parser.registerCsiHandler({ final: "n" }, always); // status and cursor position
  parser.registerCsiHandler({ prefix: "?", final: "n" }, always);
  parser.registerCsiHandler({ intermediates: "$", final: "p" }, always); // modes
  parser.registerCsiHandler({ prefix: "?", intermediates: "$", final: "p" }, always);
  parser.registerCsiHandler({ prefix: ">", final: "q" }, always); // version
  parser.registerDcsHandler({ intermediates: "$", final: "q" }, always); // settings
  for (const colour of [4, 10, 11, 12]) parser.registerOscHandler(colour, (data) => asked(data.includes("?")));
}
