import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { REVIEW_QUEUE } from "../../api/queries";
import type { Correction, Judgement, LinkType, ReviewSummary, Verdict } from "../../api/types";
import { Await, Empty } from "../../components/states";
import { count, percent, plural } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { href, navigate, parseRoute, useRoute } from "../../lib/router";
import { useMay } from "../../lib/session";
import { useStored } from "../../lib/stored";
import { useData } from "../../lib/use-data";
import { kinds } from "../../lib/wording";
import { AnswerBar } from "./answer-bar";
import { Correct } from "./correct";
import { Evidence } from "./evidence";
import { KeyHelp } from "./key-help";
import { Question } from "./question";
import { useJudge } from "./use-judge";

interface QueueData {
  linkTypes: LinkType[];
  reviewSummary: ReviewSummary;
  judgements: Judgement[];
}

/** The proposals, the most worthwhile question first, one at a time. */
export function Queue(): ReactNode {
  const loaded = useData<QueueData>(REVIEW_QUEUE);
  return (
    <Await loaded={loaded} text="Loading proposals">
      {(data) => <Proposals data={data} reload={loaded.reload} />}
    </Await>
  );
}

function Proposals({ data, reload }: { data: QueueData; reload: () => Promise<void> }): ReactNode {
  const { params } = useRoute();
  const may = useMay();
  const [blind, setBlind] = useStored("review.blind", false);
  const [dialog, setDialog] = useState<"correct" | "help">();
  const { linkTypes, reviewSummary, judgements } = data;
  const wanted = params.get("id");
  const index = Math.max(
    0,
    linkTypes.findIndex((link) => link.id === wanted),
  );
  const current = linkTypes[index];
  const [name, setName] = useState(current?.name ?? "");
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => setName(current?.name ?? ""), [current?.id, current?.name]);

  const select = useCallback((id?: string) => {
    // An answer that arrives late does not fetch back somebody who went on to another page.
    if (parseRoute(window.location.hash).path.join("/") === "review")
      navigate(href("review", { id }), { replace: true });
  }, []);
  const step = (by: number): void => {
    const next = linkTypes[Math.min(linkTypes.length - 1, Math.max(0, index + by))];
    if (next) select(next.id);
  };
  const { busy, judge, undo } = useJudge(reload);
  const answer = async (verdict: Verdict, correction?: Correction): Promise<void> => {
    if (!current || busy || !may.review) return;
    const renamed =
      verdict === "CONFIRM" && !correction && name.trim() && name.trim() !== current.name
        ? { name: name.trim() }
        : undefined;
    if (!(await judge(current.id, verdict, correction ?? renamed))) return;
    setDialog(undefined);
    select();
    top.current?.scrollIntoView({ block: "nearest" });
  };
  const last = judgements.find((judgement) => !judgement.undone);
  const undoLast = (): void => {
    if (last && !busy && may.review)
      void undo(last.id).then((result) => result?.linkType && select(result.linkType.id));
  };

  useKeys(
    {
      y: () => void answer("CONFIRM"),
      n: () => void answer("REJECT"),
      e: () => current && may.review && setDialog("correct"),
      l: () => void answer("DEFER"),
      s: () => void answer("UNSURE"),
      d: () => void answer("DELETE"),
      u: undoLast,
      b: () => setBlind(!blind),
      "?": () => setDialog("help"),
      ArrowDown: () => step(1),
      ArrowRight: () => step(1),
      ArrowUp: () => step(-1),
      ArrowLeft: () => step(-1),
    },
    dialog === undefined,
  );

  return (
    <SpaceBetween size="m">
      <div className="toolbar" ref={top}>
        <Box color="text-body-secondary">
          {`${plural(reviewSummary.proposed, "proposal")} · ${count(reviewSummary.confirmed)} confirmed · ${count(reviewSummary.rejected)} rejected · ` +
            `${count(reviewSummary.deferred)} for later · ${plural(reviewSummary.answers, "answer")} gave ${plural(reviewSummary.edgesFromAnswers, "link")}`}
        </Box>
        <SpaceBetween direction="horizontal" size="s" alignItems="center">
          <Toggle checked={blind} onChange={({ detail }) => setBlind(detail.checked)}>
            Blind: hide scores
          </Toggle>
          <Button iconName="undo" disabled={!last || busy || !may.review} onClick={undoLast}>
            <span>
              Undo <kbd>u</kbd>
            </span>
          </Button>
          <Button variant="normal" iconName="keyboard" onClick={() => setDialog("help")}>
            <span>
              Keys <kbd>?</kbd>
            </span>
          </Button>
        </SpaceBetween>
      </div>
      {current ? (
        <div className="review">
          <nav aria-label="Proposals" className="review-list">
            <ol>
              {linkTypes.map((link) => (
                <li key={link.id}>
                  <Item link={link} active={link === current} blind={blind} onSelect={() => select(link.id)} />
                </li>
              ))}
            </ol>
          </nav>
          <section aria-label="Proposal" className="review-card">
            <Question link={current} name={name} blind={blind} position={`${index + 1} of ${linkTypes.length}`} />
            <Evidence link={current} blind={blind} />
            <AnswerBar
              name={name}
              onName={setName}
              busy={busy}
              disabled={!may.review}
              onAnswer={(verdict) => void answer(verdict)}
              onCorrect={() => setDialog("correct")}
            />
          </section>
        </div>
      ) : (
        <Nothing summary={reviewSummary} canUndo={last !== undefined && may.review} onUndo={undoLast} />
      )}
      {dialog === "correct" && current && (
        <Correct
          link={current}
          name={name}
          busy={busy}
          onCancel={() => setDialog(undefined)}
          onConfirm={(correction) => void answer("CONFIRM", correction)}
        />
      )}
      {dialog === "help" && <KeyHelp onClose={() => setDialog(undefined)} />}
    </SpaceBetween>
  );
}

function Item({
  link,
  active,
  blind,
  onSelect,
}: {
  link: LinkType;
  active: boolean;
  blind: boolean;
  onSelect: () => void;
}): ReactNode {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (active) button.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    <button
      ref={button}
      type="button"
      className="review-item"
      aria-current={active ? "true" : undefined}
      onClick={onSelect}
    >
      <span className="review-item-name">{link.name || kinds[link.kind]}</span>
      {(link.audit || !blind) && (
        <span className="review-item-score">{link.audit ? "audit" : percent(link.probability)}</span>
      )}
      <span className="review-item-ends">{`${link.tail.dataset} → ${link.head.dataset}${link.through ? ` through ${link.through.dataset}` : ""}`}</span>
    </button>
  );
}

function Nothing({
  summary,
  canUndo,
  onUndo,
}: {
  summary: ReviewSummary;
  canUndo: boolean;
  onUndo: () => void;
}): ReactNode {
  const answered = summary.confirmed + summary.rejected + summary.deferred > 0;
  return (
    <Empty
      title={answered ? "All proposals are answered" : "No proposals yet"}
      action={
        answered
          ? { text: "Check the least sure pairs", href: "#/review/links", primary: true }
          : { text: "Start a build", href: "#/builds", primary: true }
      }
    >
      {answered
        ? "The next build may find more. Confirmed link types show their least sure pairs, and you can teach types that were missed."
        : "A build compares the data of all sources and proposes what belongs together."}
      {canUndo && (
        <Box padding={{ top: "s" }}>
          <Button onClick={onUndo}>Undo the last answer</Button>
        </Box>
      )}
    </Empty>
  );
}
