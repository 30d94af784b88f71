import { useCallback, useState } from "react";
import { type ApiError, graphql } from "../../api/client";
import { ADD_LINK_TYPE, JUDGE, JUDGE_PAIR, UNDO } from "../../api/queries";
import type { Correction, JudgeResult, StatedLink, Verdict } from "../../api/review-types";
import { rememberFocus } from "../../lib/focus";
import { useNotify } from "../../lib/notices";
import { toApiError } from "../../lib/use-data";
import { changedLinks, instead, movement, pairMovement, verdicts } from "../../lib/wording";

/** Called in place of a notice, by dialogs that would hide it. */
export type Refused = (error: ApiError) => void;

export interface Judge {
  busy: boolean;
  judge: (
    linkType: string,
    verdict: Verdict,
    correction?: Correction,
    onRefused?: Refused,
  ) => Promise<JudgeResult | undefined>;
  judgePair: (linkType: string, tail: string, head: string, verdict: Verdict) => Promise<JudgeResult | undefined>;
  /** Makes a link type that nobody proposed, confirmed. */
  state: (input: StatedLink, onRefused: Refused) => Promise<JudgeResult | undefined>;
  undo: (judgement: number) => Promise<JudgeResult | undefined>;
}

/** What a second opinion is told about the first one. */
function opinion({ opinion }: JudgeResult): string {
  if (!opinion) return "";
  const said = verdicts[opinion.verdict].toLowerCase();
  return opinion.agrees
    ? `${opinion.by} said so, too. `
    : `${opinion.by} had ${said} it. That answer stands until somebody settles it: the question is disputed now. `;
}

/** A link type by its name, or one pair of it. */
function about({ subject, linkType }: JudgeResult["judgement"]): string {
  if (!linkType) return "a pair";
  return subject.includes("|") ? `a pair of ${linkType.name}` : linkType.name;
}

/** Sends answers, says what each one moved, and tells the navigation that counts changed. `blind`: given without scores. */
export function useJudge(onAnswered: () => void | Promise<void>, blind = false): Judge {
  const notify = useNotify();
  const [busy, setBusy] = useState(false);

  const run = useCallback(
    async (
      call: () => Promise<JudgeResult>,
      headline: (result: JudgeResult) => string,
      { undoing = false, onRefused }: { undoing?: boolean; onRefused?: Refused | undefined } = {},
    ): Promise<JudgeResult | undefined> => {
      const giveBack = rememberFocus();
      setBusy(true);
      try {
        const result = await call();
        const edges = changedLinks(result, undoing);
        const pairs = pairMovement(result.pairsMoved);
        const rest = pairs && !result.moved.length ? "" : movement(result.moved);
        const type = result.opinion?.agrees === false ? "warning" : "success";
        notify(
          {
            type,
            header: headline(result),
            content: opinion(result) + edges + instead(result.proposed) + pairs + rest,
          },
          "answer",
        );
        window.dispatchEvent(new Event("bifrost:reviewed"));
        await onAnswered();
        return result;
      } catch (failure) {
        const error = toApiError(failure);
        if (onRefused) onRefused(error);
        else notify({ type: "error", header: error.message, content: error.remedy }, "answer");
        return undefined;
      } finally {
        setBusy(false);
        giveBack();
      }
    },
    [notify, onAnswered],
  );

  return {
    busy,
    judge: (linkType, verdict, correction, onRefused) =>
      run(
        async () => (await graphql<{ judge: JudgeResult }>(JUDGE, { linkType, verdict, correction, blind })).judge,
        (result) => `${verdicts[verdict]}: ${result.linkType?.name ?? "link type"}`,
        { onRefused },
      ),
    judgePair: (linkType, tail, head, verdict) =>
      run(
        async () =>
          (await graphql<{ judgePair: JudgeResult }>(JUDGE_PAIR, { linkType, tail, head, verdict, blind })).judgePair,
        () => `${verdicts[verdict]} this pair`,
      ),
    state: (input, onRefused) =>
      run(
        async () => (await graphql<{ addLinkType: JudgeResult }>(ADD_LINK_TYPE, { input })).addLinkType,
        (result) => `Added: ${result.linkType?.name ?? input.name}`,
        { onRefused },
      ),
    undo: (judgement) =>
      run(
        async () => (await graphql<{ undo: JudgeResult }>(UNDO, { judgement })).undo,
        (result) => `Undone: ${verdicts[result.judgement.verdict].toLowerCase()} ${about(result.judgement)}`,
        { undoing: true },
      ),
  };
}
