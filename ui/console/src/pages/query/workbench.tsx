import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from "react";
import type { ApiError } from "../../api/client";
import { BehindNote } from "../../components/behind-note";
import { DataTable } from "../../components/data-table";
import { Empty, Loading, Problem } from "../../components/states";
import { plural } from "../../lib/format";
import { type Answer, csv } from "../../lib/results";
import { useStored } from "../../lib/stored";
import { useClock } from "../../lib/use-clock";
import { toApiError } from "../../lib/use-data";
import type { Language } from "./languages";

const Editor = lazy(() => import("./editor"));
const remembered = 50;

interface Outcome {
  answer?: Answer;
  error?: ApiError;
  stopped?: boolean;
  milliseconds: number;
}

/** An editor, a run button and the answer. Past queries stay in this browser. */
export function Workbench({ language }: { language: Language }): ReactNode {
  const [text, setText] = useStored(`query.${language.id}`, language.example);
  const [past, setPast] = useStored<string[]>(`history.${language.id}`, []);
  const [outcome, setOutcome] = useState<Outcome>();
  const [running, setRunning] = useState<AbortController>();
  const current = useRef<AbortController | undefined>(undefined);
  const since = useRef(0);
  const bar = useRef<HTMLDivElement>(null);
  useClock(running !== undefined);
  useEffect(() => () => current.current?.abort(), []);

  const run = async (): Promise<void> => {
    const query = text.trim();
    if (!query) return;
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    setRunning(controller);
    setPast([query, ...past.filter((other) => other !== query)].slice(0, remembered));
    const start = (since.current = performance.now());
    try {
      const answer = await language.run(query, controller.signal);
      if (!controller.signal.aborted) setOutcome({ answer, milliseconds: performance.now() - start });
    } catch (failure) {
      if (!controller.signal.aborted)
        setOutcome({ error: toApiError(failure), milliseconds: performance.now() - start });
    } finally {
      setRunning((now) => (now === controller ? undefined : now));
    }
  };

  return (
    <SpaceBetween size="m">
      <Box color="text-body-secondary">{language.help}</Box>
      <Suspense fallback={<Loading text="Loading the editor" />}>
        <Editor
          language={language.id}
          value={text}
          errorLine={outcome?.error?.locations[0]?.line}
          onChange={setText}
          onRun={() => void run()}
        />
      </Suspense>
      <div ref={bar}>
        <SpaceBetween direction="horizontal" size="xs" alignItems="center">
          <Button variant="primary" loading={running !== undefined} disabled={!text.trim()} onClick={() => void run()}>
            Run
          </Button>
          {running && (
            <Button
              onClick={() => {
                running.abort();
                setRunning(undefined);
                setOutcome({ stopped: true, milliseconds: performance.now() - since.current });
                // The button that was pressed is gone; the one to run stands where it was.
                requestAnimationFrame(() => bar.current?.querySelector("button")?.focus());
              }}
            >
              Stop
            </Button>
          )}
          <ButtonDropdown
            disabled={!past.length}
            items={past.map((query, index) => ({ id: String(index), text: query.replace(/\s+/g, " ").slice(0, 80) }))}
            onItemClick={({ detail }) => setText(past[Number(detail.id)] ?? text)}
          >
            History
          </ButtonDropdown>
          <Box color="text-body-secondary" fontSize="body-s">
            <kbd>Ctrl</kbd> <kbd>Enter</kbd> runs
          </Box>
        </SpaceBetween>
      </div>
      {running ? (
        <StatusIndicator type="loading">
          {`Running for ${Math.floor((performance.now() - since.current) / 1000)} s`}
        </StatusIndicator>
      ) : outcome ? (
        <Result outcome={outcome} name={language.id} />
      ) : (
        <Empty title="No answer yet">Run the query to see its answer here.</Empty>
      )}
    </SpaceBetween>
  );
}

function Result({ outcome, name }: { outcome: Outcome; name: string }): ReactNode {
  const [mode, setMode] = useStored<"table" | "json">("query.mode", "table");
  if (outcome.stopped)
    return (
      <span role="status">
        <StatusIndicator type="stopped">{`Stopped after ${(outcome.milliseconds / 1000).toFixed(1)} s`}</StatusIndicator>
      </span>
    );
  if (outcome.error) return <Problem error={outcome.error} />;
  const { answer } = outcome;
  if (!answer) return null;
  const table = mode === "table" ? answer.table : undefined;
  return (
    <SpaceBetween size="s">
      <div className="toolbar">
        <SpaceBetween direction="horizontal" size="s" alignItems="center">
          <SegmentedControl
            label="How to show the answer"
            selectedId={table ? "table" : "json"}
            options={[
              { id: "table", text: "Table", disabled: !answer.table },
              { id: "json", text: "JSON" },
            ]}
            onChange={({ detail }) => setMode(detail.selectedId as "table" | "json")}
          />
          <span
            role="status"
            className="muted"
          >{`${plural(answer.count, "result")} in ${Math.round(outcome.milliseconds)} ms`}</span>
          <BehindNote behind={answer.behind} />
        </SpaceBetween>
        <SpaceBetween direction="horizontal" size="xs">
          <Button
            iconName="download"
            disabled={!answer.table}
            onClick={() => answer.table && save(csv(answer.table), `${name}.csv`, "text/csv")}
          >
            CSV
          </Button>
          <Button
            iconName="download"
            onClick={() => save(JSON.stringify(answer.json, null, 2), `${name}.json`, "application/json")}
          >
            JSON
          </Button>
        </SpaceBetween>
      </div>
      {table ? <DataTable table={table} empty="The answer is empty" /> : <Json value={answer.json} />}
    </SpaceBetween>
  );
}

const shownAtMost = 500_000;

function Json({ value }: { value: unknown }): ReactNode {
  const text = useMemo(() => JSON.stringify(value, null, 2), [value]);
  return (
    <>
      {text.length > shownAtMost && (
        <Alert type="info">The beginning of the answer. Press JSON above to save all of it.</Alert>
      )}
      <pre className="json" tabIndex={0} aria-label="Answer as JSON">
        {text.slice(0, shownAtMost)}
      </pre>
    </>
  );
}

function save(text: string, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
