import Checkbox from "@cloudscape-design/components/checkbox";
import { type ReactNode, useState } from "react";
import type { ApiError } from "../../api/client";
import type { Column, Correction, LinkKind, LinkType } from "../../api/review-types";
import { Confirm } from "../../components/confirm";
import { columnName } from "../../lib/format";
import { kinds } from "../../lib/wording";
import { isComplete, type LinkDraft, LinkFields, limitOf } from "./link-fields";
import type { Refused } from "./use-judge";

interface Props {
  link: LinkType;
  name: string;
  busy: boolean;
  onConfirm: (correction: Correction, onRefused: Refused) => void;
  onCancel: () => void;
}

const same = (a: Column, b: Column): boolean => columnName(a) === columnName(b);

/** Everything about a link type that a person may put right. Only what changed is sent. */
export function Correct({ link, name: initialName, busy, onConfirm, onCancel }: Props): ReactNode {
  const { kind, tail, head, condition, transform } = link;
  const threshold = link.threshold === null ? "" : String(link.threshold);
  const [draft, setDraft] = useState<LinkDraft>({
    name: initialName,
    kind,
    tail,
    head,
    threshold,
    condition,
    transform,
  });
  const [error, setError] = useState<ApiError>();
  const [flip, setFlip] = useState(false);
  const limit = limitOf(draft.threshold);
  const name = draft.name.trim();

  const correction: Correction = {
    ...(name && name !== link.name ? { name } : {}),
    ...(draft.kind !== kind ? { kind: draft.kind } : {}),
    ...(flip ? { flip } : {}),
    ...(same(draft.tail, tail) ? {} : { tail: draft.tail }),
    ...(same(draft.head, head) ? {} : { head: draft.head }),
    ...(limit !== undefined && limit !== null && limit !== link.threshold ? { threshold: limit } : {}),
    ...(draft.condition !== condition ? { condition: draft.condition } : {}),
    ...(JSON.stringify(draft.transform) !== JSON.stringify(transform) ? { transform: draft.transform } : {}),
  };

  return (
    <Confirm
      title="Correct and confirm"
      verb="Confirm with these changes"
      size="large"
      busy={busy}
      error={error}
      disabled={!isComplete(draft)}
      onConfirm={() => onConfirm(correction, setError)}
      onCancel={onCancel}
    >
      <LinkFields
        draft={draft}
        onChange={setDraft}
        kinds={(Object.keys(kinds) as LinkKind[]).filter((value) => value !== "JOIN_TABLE" || kind === "JOIN_TABLE")}
        tailLabel={flip ? "From (will be: to)" : "From"}
        headLabel={flip ? "To (will be: from)" : "To"}
      >
        <Checkbox checked={flip} onChange={({ detail }) => setFlip(detail.checked)}>
          Turn the direction round: {draft.head.dataset} → {draft.tail.dataset}
        </Checkbox>
      </LinkFields>
    </Confirm>
  );
}
