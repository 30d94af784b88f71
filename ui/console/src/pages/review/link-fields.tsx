import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { COLUMNS } from "../../api/queries";
import type { Column, LinkKind } from "../../api/review-types";
import type { Properties } from "../../api/types";
import { values } from "../../lib/format";
import { useData } from "../../lib/use-data";
import { kindHelp, kinds } from "../../lib/wording";
import { ColumnPicker, type KnownSource } from "./column-picker";

/** What a person says about a link type, as it is being written. */
export interface LinkDraft {
  name: string;
  kind: LinkKind;
  tail: Column;
  head: Column;
  /** As typed; empty leaves it to the model. */
  threshold: string;
  condition: string;
  transform: Properties;
}

/** The number of a threshold, null where there is none; undefined where it is no number from 0 to 1. */
export function limitOf(threshold: string): number | null | undefined {
  if (!threshold.trim()) return null;
  const limit = Number(threshold);
  return limit >= 0 && limit <= 1 ? limit : undefined;
}

/** Whether it can be sent: a name, two datasets, and a threshold if any that is one. */
export function isComplete({ name, tail, head, threshold }: LinkDraft): boolean {
  return Boolean(name.trim() && tail.dataset && head.dataset) && limitOf(threshold) !== undefined;
}

interface Props {
  draft: LinkDraft;
  onChange: (draft: LinkDraft) => void;
  kinds: LinkKind[];
  tailLabel?: string;
  headLabel?: string;
  /** What stands between the ends and the rarer fields. */
  children?: ReactNode;
}

/** Fields for the name, kind, ends and rule of a link type. */
export function LinkFields({ draft, onChange, kinds: offered, tailLabel, headLabel, children }: Props): ReactNode {
  const { data } = useData<{ sources: KnownSource[] }>(COLUMNS);
  const sources = data?.sources ?? [];
  const set = (change: Partial<LinkDraft>): void => onChange({ ...draft, ...change });
  const none = draft.kind === "SAME_THING" ? "All columns that fit each other" : undefined;
  return (
    <SpaceBetween size="m">
      <div className="form-grid">
        <FormField label="Name" description="What the links are to be called.">
          <Input
            value={draft.name}
            invalid={Boolean(draft.name) && !draft.name.trim()}
            onChange={({ detail }) => set({ name: detail.value })}
            placeholder="supplied_by"
          />
        </FormField>
        <FormField label="Kind" description={kindHelp[draft.kind]}>
          <Select
            selectedOption={{ value: draft.kind, label: kinds[draft.kind] }}
            options={offered.map((value) => ({ value, label: kinds[value], description: kindHelp[value] }))}
            onChange={({ detail }) => set({ kind: detail.selectedOption.value as LinkKind })}
          />
        </FormField>
      </div>
      <div className="form-grid">
        <ColumnPicker
          label={tailLabel ?? "From"}
          sources={sources}
          value={draft.tail}
          onChange={(tail) => set({ tail })}
          none={none}
        />
        <ColumnPicker
          label={headLabel ?? "To"}
          sources={sources}
          value={draft.head}
          onChange={(head) => set({ head })}
          none={none}
        />
      </div>
      {children}
      <ExpandableSection headerText="Threshold, condition and spelling">
        <div className="form-grid">
          <FormField
            label="Threshold"
            description="Pairs that score less are not linked. 0 to 1; empty leaves it to the model."
            errorText={limitOf(draft.threshold) === undefined ? "A number from 0 to 1." : undefined}
          >
            <Input
              value={draft.threshold}
              inputMode="decimal"
              onChange={({ detail }) => set({ threshold: detail.value })}
              placeholder="0.5"
            />
          </FormField>
          <FormField label="Only records where" description="A condition on the records the link starts from.">
            <Input
              value={draft.condition}
              onChange={({ detail }) => set({ condition: detail.value })}
              placeholder="type = 'customer'"
            />
          </FormField>
          {(["tail", "head"] as const).map((side) => (
            <FormField
              key={side}
              label={`Read ${side === "tail" ? "from" : "to"} values as`}
              description="A normalisation by name, such as strip_prefix:CUST-"
            >
              <Input
                value={values(draft.transform[side]).join("")}
                onChange={({ detail }) => set({ transform: { ...draft.transform, [side]: detail.value } })}
              />
            </FormField>
          ))}
        </div>
      </ExpandableSection>
    </SpaceBetween>
  );
}
