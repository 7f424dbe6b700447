import { useEffect } from "preact/hooks";

import { chooseLanguage, chooseOpening, chooseSpoken, chooseTheme, LANGUAGES, opening, OPENINGS, SPOKEN, spoken, theme, THEMES } from "../app/preferences";
import { language, text } from "../strings";
import { called } from "./title";

/** What this browser is to look like. */
export function SettingsPage() {
  useEffect(() => called(text.settings), []);
  return (
    <main class="list" data-testid="settings">
      <header class="list-head"><h1>{text.settings}</h1></header>
      <p class="lead">{text.preferencesHint}</p>
      <Choice name="theme" label={text.theme} options={THEMES} words={text.themes} chosen={theme.value} choose={chooseTheme} />
      <Choice name="language" label={text.languageLabel} options={LANGUAGES} words={text.languages} chosen={language} choose={chooseLanguage} />
      <Choice name="opening" label={text.opening} hint={text.openingHint} options={OPENINGS} words={text.openings} chosen={opening.value} choose={chooseOpening} />
      <Choice name="spoken" label={text.spoken} hint={text.spokenHint} options={SPOKEN} words={text.spokenWords} chosen={spoken.value} choose={chooseSpoken} />
    </main>
  );
}

function Choice<T extends string>(props: {
  name: string;
  label: string;
  hint?: string;
  options: readonly T[];
  words: Readonly<Record<T, string>>;
  chosen: T;
  choose: (option: T) => void;
}) {
  return (
    <fieldset class="choice">
      <legend>{props.label}</legend>
      {props.hint !== undefined && <p class="choice-hint">{props.hint}</p>}
      {props.options.map((option) => (
        <label key={option} lang={props.name === "language" ? option : undefined}>
          <input type="radio" name={props.name} value={option} checked={option === props.chosen} onChange={() => props.choose(option)} />
          <span>{props.words[option]}</span>
        </label>
      ))}
    </fieldset>
  );
}
