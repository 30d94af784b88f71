import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { groovy } from "@codemirror/legacy-modes/mode/groovy";
import { sparql } from "@codemirror/legacy-modes/mode/sparql";
import { EditorState, type Extension, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { graphql as graphqlLanguage, updateSchema } from "cm6-graphql";
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from "graphql";
import { type ReactNode, useEffect, useRef } from "react";
import { graphql } from "../../api/client";
import { useDark } from "../../lib/theme";
import type { LanguageId } from "./languages";

interface Props {
  language: LanguageId;
  value: string;
  errorLine: number | undefined;
  onChange: (text: string) => void;
  onRun: () => void;
}

const setErrorLine = StateEffect.define<number | null>();
const errorLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lines, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setErrorLine)) continue;
      if (effect.value === null || effect.value > transaction.state.doc.lines) return Decoration.none;
      return Decoration.set([
        Decoration.line({ class: "cm-error-line" }).range(transaction.state.doc.line(effect.value).from),
      ]);
    }
    return transaction.docChanged ? Decoration.none : lines;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function look(dark: boolean): Extension {
  const [ink, paper, soft, line, muted] = dark
    ? ["#e9ebed", "#0f1b2a", "#192534", "#414d5c", "#8d99a8"]
    : ["#16191f", "#ffffff", "#f4f6f8", "#d5dbdb", "#5f6b7a"];
  const [keyword, text, number, name] = dark
    ? ["#89bdee", "#7fd88f", "#e0b070", "#d6a8f5"]
    : ["#0550ae", "#116329", "#8a4600", "#6f3fb3"];
  return [
    EditorView.theme(
      {
        "&": {
          color: ink,
          backgroundColor: paper,
          fontSize: "14px",
          height: "240px",
          border: `1px solid ${line}`,
          borderRadius: "8px",
        },
        "&.cm-focused": { outline: "2px solid #539fe5" },
        ".cm-scroller": { fontFamily: "Monaco, Menlo, Consolas, 'DejaVu Sans Mono', monospace", lineHeight: "1.5" },
        ".cm-gutters": { backgroundColor: soft, color: muted, border: "none", borderRadius: "8px 0 0 8px" },
        ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: soft },
        ".cm-cursor": { borderLeftColor: ink },
        ".cm-selectionBackground, &.cm-focused .cm-selectionBackground": {
          backgroundColor: dark ? "#2f4a68 !important" : "#cfe4fa !important",
        },
        ".cm-error-line": { backgroundColor: dark ? "#5a1d22" : "#fde4e4" },
        ".cm-placeholder": { color: muted },
        ".cm-tooltip": { backgroundColor: soft, color: ink, border: `1px solid ${line}` },
      },
      { dark },
    ),
    syntaxHighlighting(
      HighlightStyle.define([
        { tag: [tags.keyword, tags.operatorKeyword, tags.definitionKeyword], color: keyword, fontWeight: "600" },
        { tag: [tags.string, tags.special(tags.string)], color: text },
        { tag: [tags.number, tags.bool, tags.atom], color: number },
        {
          tag: [tags.propertyName, tags.function(tags.variableName), tags.typeName, tags.special(tags.variableName)],
          color: name,
        },
        { tag: tags.comment, color: muted, fontStyle: "italic" },
      ]),
    ),
  ];
}

const grammars: Record<LanguageId, () => Extension> = {
  graphql: () => graphqlLanguage(),
  gremlin: () => StreamLanguage.define(groovy),
  sparql: () => StreamLanguage.define(sparql),
};

let schema: Promise<ReturnType<typeof buildClientSchema> | undefined> | undefined;
/** The service's schema for completion; without it the editor still works. */
const loadSchema = (): Promise<ReturnType<typeof buildClientSchema> | undefined> =>
  (schema ??= graphql<IntrospectionQuery>(getIntrospectionQuery()).then(buildClientSchema, () => undefined));

/** A code editor. It lives in a shadow root, where its styles need no exception from the content security policy. */
export default function Editor({ language, value, errorLine, onChange, onRun }: Props): ReactNode {
  const dark = useDark();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const handlers = useRef({ onChange, onRun });
  handlers.current = { onChange, onRun };
  const text = useRef(value);
  text.current = value;

  useEffect(() => {
    if (!host.current) return;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text.current,
        extensions: [
          keymap.of([
            { key: "Mod-Enter", preventDefault: true, run: () => (handlers.current.onRun(), true) },
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          history(),
          lineNumbers(),
          drawSelection(),
          highlightActiveLine(),
          bracketMatching(),
          closeBrackets(),
          autocompletion(),
          placeholder("Write a query"),
          grammars[language](),
          errorLines,
          look(dark),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({
            "aria-label": `${language} query. Control Enter runs it; Escape then Tab leaves the editor.`,
          }),
          EditorView.updateListener.of(
            (update) => update.docChanged && handlers.current.onChange(update.state.doc.toString()),
          ),
        ],
      }),
    });
    view.current = editor;
    if (language === "graphql")
      void loadSchema().then((loaded) => loaded && view.current === editor && updateSchema(editor, loaded));
    return () => {
      view.current = undefined;
      editor.destroy();
    };
  }, [language, dark]);

  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value)
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    view.current?.dispatch({ effects: setErrorLine.of(errorLine ?? null) });
  }, [errorLine]);

  return <div ref={host} className="editor" />;
}
