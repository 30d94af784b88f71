import { type ReactNode, useState } from "react";
import type { ApiError } from "../../api/client";
import type { Column, LinkKind } from "../../api/review-types";
import { Confirm } from "../../components/confirm";
import { navigate } from "../../lib/router";
import { isComplete, type LinkDraft, LinkFields, limitOf } from "./link-fields";
import { useJudge } from "./use-judge";

const nothing: Column = { source: "", dataset: "", columns: [] };
const empty: LinkDraft = {
  name: "",
  kind: "REFERENCE",
  tail: nothing,
  head: nothing,
  threshold: "",
  condition: "",
  transform: {},
};
const stateable: LinkKind[] = ["REFERENCE", "SAME_THING", "SAME_CONCEPT", "MENTION"];

/** A link type that nothing proposed, made between columns that a person names. */
export function StateLink({ onClose }: { onClose: () => void }): ReactNode {
  const [draft, setDraft] = useState(empty);
  const [error, setError] = useState<ApiError>();
  const { busy, state } = useJudge(() => undefined);
  const send = async (): Promise<void> => {
    const threshold = limitOf(draft.threshold) ?? null;
    const made = await state({ ...draft, name: draft.name.trim(), threshold }, setError);
    if (made?.linkType) navigate(`#/review/links/${encodeURIComponent(made.linkType.id)}`);
  };
  return (
    <Confirm
      title="Add a link type"
      verb="Add this link type"
      size="large"
      busy={busy}
      error={error}
      disabled={!isComplete(draft)}
      onConfirm={() => void send()}
      onCancel={onClose}
    >
      <LinkFields draft={draft} onChange={setDraft} kinds={stateable} />
    </Confirm>
  );
}
