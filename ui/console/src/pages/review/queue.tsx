import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { REVIEW_QUEUE } from "../../api/queries";
import type { JudgeResult, Judgement, Question as Asked, ReviewSummary, Verdict } from "../../api/review-types";
import { Await, Empty } from "../../components/states";
import { count, percent, plural } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { href, navigate, parseRoute, useRoute } from "../../lib/router";
import { useMay } from "../../lib/session";
import { useStored } from "../../lib/stored";
import { useData } from "../../lib/use-data";
import { given, kinds } from "../../lib/wording";
import { AnswerBar } from "./answer-bar";
import { Correct } from "./correct";
import { Evidence } from "./evidence";
import { KeyHelp } from "./key-help";
import { PairQuestion } from "./pair-question";
import { Question } from "./question";
import { Said } from "./said";
import { useJudge } from "./use-judge";

interface QueueData {
  questions: Asked[];
  reviewSummary: ReviewSummary;
  judgements: Judgement[];
}

/** Proposals, pairs and audits, the most worthwhile question first, one at a time. */
export function Queue(): ReactNode {
  const [blind, setBlind] = useStored("review.blind", false);
  const loaded = useData<QueueData>(REVIEW_QUEUE, { blind });
  return (
    <Await loaded={loaded} text="Loading questions">
      {(data) => <Questions data={data} reload={loaded.reload} blindMode={blind} setBlind={setBlind} />}
    </Await>
  );
}

interface QuestionsProps {
  data: QueueData;
  reload: () => Promise<void>;
  blindMode: boolean;
  setBlind: (blind: boolean) => void;
}

function Questions({ data, reload, blindMode, setBlind }: QuestionsProps): ReactNode {
  const { params } = useRoute();
  const may = useMay();
  const [dialog, setDialog] = useState<"correct" | "help">();
  const { questions, reviewSummary, judgements } = data;
  const wanted = params.get("id");
  const index = Math.max(
    0,
    questions.findIndex((one) => one.id === wanted),
  );
  const asked = questions[index];
  const pair = asked?.pair;
  const current = asked?.linkType;
  const blind = blindMode || asked?.blind === true;
  const [name, setName] = useState(current?.name ?? "");
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => setName(current?.name ?? ""), [current?.id, current?.name]);

  const select = useCallback((id?: string) => {
    // An answer that arrives late does not fetch back somebody who went on to another page.
    if (parseRoute(window.location.hash).path.join("/") === "review")
      navigate(href("review", { id }), { replace: true });
  }, []);
  const step = (by: number): void => {
    const next = questions[Math.min(questions.length - 1, Math.max(0, index + by))];
    if (next) select(next.id);
  };
  const { busy, judge, judgePair, undo } = useJudge(reload, blind);
  const answered = (result: JudgeResult | undefined): void => {
    if (!result) return;
    setDialog(undefined);
    // What takes the place of a rejected one comes at once: it is about the same column.
    select(result.proposed[0]?.id);
    top.current?.scrollIntoView({ block: "nearest" });
  };
  const answer = async (verdict: Verdict): Promise<void> => {
    if (!current || busy || !may.review) return;
    if (pair) {
      // What is put off or unsure is not asked again at once; a pair cannot be corrected or deleted.
      const said = verdict === "DELETE" ? "REJECT" : verdict === "DEFER" ? "UNSURE" : verdict;
      if (await judgePair(current.id, pair.tail, pair.head, said)) select();
      return;
    }
    const renamed =
      verdict === "CONFIRM" && name.trim() && name.trim() !== current.name ? { name: name.trim() } : undefined;
    answered(await judge(current.id, verdict, renamed));
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
      e: () => current && !pair && may.review && setDialog("correct"),
      l: () => void answer("DEFER"),
      s: () => void answer("UNSURE"),
      d: () => void answer("DELETE"),
      u: undoLast,
      b: () => setBlind(!blindMode),
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
      {!may.review && current && (
        <Alert type="info">
          You see the proposals as a reader. An administrator can make you a reviewer, who answers.
        </Alert>
      )}
      <div className="toolbar" ref={top}>
        <Box color="text-body-secondary">
          {`${plural(reviewSummary.proposed, "proposal")} · ${count(reviewSummary.confirmed)} confirmed · ${count(reviewSummary.rejected)} rejected · ` +
            `${count(reviewSummary.deferred)} for later · ${given(reviewSummary)}`}
        </Box>
        <SpaceBetween direction="horizontal" size="s" alignItems="center">
          <Toggle checked={blindMode} onChange={({ detail }) => setBlind(detail.checked)}>
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
          <nav aria-label="Questions" className="review-list">
            <ol>
              {questions.map((one) => (
                <li key={one.id}>
                  <Item asked={one} active={one === asked} onSelect={() => select(one.id)} />
                </li>
              ))}
            </ol>
          </nav>
          <section aria-label="Proposal" className="review-card">
            {asked && pair ? (
              <PairQuestion
                asked={asked}
                pair={pair}
                blind={blind}
                position={`${index + 1} of ${questions.length}`}
                off={busy || !may.review}
                onAnswer={(verdict) => void answer(verdict)}
              />
            ) : (
              <>
                <Question
                  link={current}
                  name={name}
                  blind={blind}
                  second={asked?.purpose === "SECOND"}
                  position={`${index + 1} of ${questions.length}`}
                />
                {asked && <Said said={asked.said} />}
                <Evidence link={current} blind={blind} />
                <AnswerBar
                  name={name}
                  onName={setName}
                  busy={busy}
                  disabled={!may.review}
                  onAnswer={(verdict) => void answer(verdict)}
                  onCorrect={() => setDialog("correct")}
                />
              </>
            )}
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
          onConfirm={(correction, onRefused) => void judge(current.id, "CONFIRM", correction, onRefused).then(answered)}
        />
      )}
      {dialog === "help" && <KeyHelp onClose={() => setDialog(undefined)} />}
    </SpaceBetween>
  );
}

const asides: Partial<Record<Asked["purpose"], string>> = { AUDIT: "audit", SECOND: "second", DISPUTED: "disputed" };

function Item({ asked, active, onSelect }: { asked: Asked; active: boolean; onSelect: () => void }): ReactNode {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (active) button.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const { linkType: link, pair, purpose } = asked;
  const score = pair ? pair.score : link.probability;
  const aside = asides[purpose] ?? (score === null ? undefined : percent(score));
  return (
    <button
      ref={button}
      type="button"
      className="review-item"
      aria-current={active ? "true" : undefined}
      onClick={onSelect}
    >
      <span className="review-item-name">
        {pair ? `${pair.tailText} ~ ${pair.headText}` : link.name || kinds[link.kind]}
      </span>
      {aside && <span className="review-item-score">{aside}</span>}
      <span className="review-item-ends">
        {pair ? `Pair: ${link.name || kinds[link.kind]}` : `${link.tail.dataset} → ${link.head.dataset}`}
      </span>
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
          ? { text: "Check pairs of a link type", href: "#/review/links", primary: true }
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
