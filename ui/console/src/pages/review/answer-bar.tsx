import Button from "@cloudscape-design/components/button";
import Input from "@cloudscape-design/components/input";
import type { ReactNode } from "react";
import type { Verdict } from "../../api/review-types";

interface Props {
  name: string;
  onName: (name: string) => void;
  busy: boolean;
  disabled: boolean;
  onAnswer: (verdict: Verdict) => void;
  onCorrect: () => void;
}

/** The name and the answers, always in sight below the evidence. */
export function AnswerBar({ name, onName, busy, disabled, onAnswer, onCorrect }: Props): ReactNode {
  const off = disabled || busy;
  const reason = disabled ? "Readers look; reviewers answer." : undefined;
  const key = (letter: string, text: string): ReactNode => (
    <span>
      {text} <kbd>{letter}</kbd>
    </span>
  );
  return (
    <div className="answer-bar">
      <div className="answer-name">
        <span aria-hidden="true">Name</span>
        <Input
          ariaLabel="Name of the link"
          value={name}
          disabled={disabled}
          onChange={({ detail }) => onName(detail.value)}
          onKeyDown={({ detail }) => detail.key === "Enter" && !off && onAnswer("CONFIRM")}
        />
      </div>
      <div className="answers">
        <Button
          variant="primary"
          loading={busy}
          disabled={off}
          disabledReason={reason}
          onClick={() => onAnswer("CONFIRM")}
        >
          {key("y", "Confirm")}
        </Button>
        <Button disabled={off} disabledReason={reason} onClick={() => onAnswer("REJECT")}>
          {key("n", "Reject")}
        </Button>
        <Button disabled={off} disabledReason={reason} onClick={onCorrect}>
          {key("e", "Correct")}
        </Button>
        <Button disabled={off} disabledReason={reason} onClick={() => onAnswer("DEFER")}>
          {key("l", "Later")}
        </Button>
        <Button disabled={off} disabledReason={reason} onClick={() => onAnswer("UNSURE")}>
          {key("s", "Not sure")}
        </Button>
        <Button disabled={off} disabledReason={reason} onClick={() => onAnswer("DELETE")}>
          {key("d", "Delete")}
        </Button>
      </div>
    </div>
  );
}
