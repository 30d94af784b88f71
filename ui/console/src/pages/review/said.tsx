import Alert from "@cloudscape-design/components/alert";
import type { ReactNode } from "react";
import type { Judgement } from "../../api/review-types";
import { when } from "../../lib/format";
import { verdicts } from "../../lib/wording";

/** The answers that disagree about a question, the one in force first. */
export function Said({ said }: { said: Judgement[] }): ReactNode {
  const [first] = said;
  if (!first) return null;
  return (
    <Alert type="warning" header="People disagree">
      {said.map((one) => `${one.by}: ${verdicts[one.verdict].toLowerCase()} (${when(one.at)})`).join(", ")}. The answer
      of {first.by} stands until somebody settles it. Your answer does.
    </Alert>
  );
}
