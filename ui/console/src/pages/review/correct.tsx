import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Box from "@cloudscape-design/components/box";
import Modal from "@cloudscape-design/components/modal";
import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { COLUMNS } from "../../api/queries";
import type { Column, Correction, LinkKind, LinkType } from "../../api/review-types";
import type { Properties } from "../../api/types";
import { columnName, values } from "../../lib/format";
import { useData } from "../../lib/use-data";
import { kindHelp, kinds } from "../../lib/wording";
import { ColumnPicker, type KnownSource } from "./column-picker";

interface Props {
  link: LinkType;
  name: string;
  busy: boolean;
  onConfirm: (correction: Correction) => void;
  onCancel: () => void;
}

const same = (a: Column, b: Column): boolean => columnName(a) === columnName(b);

/** Everything about a link type that a person may put right. Only what changed is sent. */
export function Correct({ link, name: initialName, busy, onConfirm, onCancel }: Props): ReactNode {
  const { data } = useData<{ sources: KnownSource[] }>(COLUMNS);
  const [name, setName] = useState(initialName);
  const [kind, setKind] = useState<LinkKind>(link.kind);
  const [flip, setFlip] = useState(false);
  const [tail, setTail] = useState(link.tail);
  const [head, setHead] = useState(link.head);
  const [threshold, setThreshold] = useState(link.threshold === null ? "" : String(link.threshold));
  const [condition, setCondition] = useState(link.condition);
  const [transform, setTransform] = useState<Properties>(link.transform);
  const limit = threshold === "" ? null : Number(threshold);
  const limitError = limit !== null && !(limit >= 0 && limit <= 1) ? "A number from 0 to 1." : undefined;

  const correction: Correction = {
    ...(name.trim() && name.trim() !== link.name ? { name: name.trim() } : {}),
    ...(kind !== link.kind ? { kind } : {}),
    ...(flip ? { flip } : {}),
    ...(same(tail, link.tail) ? {} : { tail }),
    ...(same(head, link.head) ? {} : { head }),
    ...(limit !== null && limit !== link.threshold ? { threshold: limit } : {}),
    ...(condition !== link.condition ? { condition } : {}),
    ...(JSON.stringify(transform) !== JSON.stringify(link.transform) ? { transform } : {}),
  };

  return (
    <Modal
      visible
      size="large"
      header="Correct and confirm"
      closeAriaLabel="Close"
      onDismiss={onCancel}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onCancel}>
              Cancel
            </Button>
            <Button
              variant="primary"
              loading={busy}
              disabled={Boolean(limitError) || !name.trim()}
              onClick={() => onConfirm(correction)}
            >
              Confirm with these changes
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <div className="form-grid">
          <FormField label="Name" errorText={name.trim() ? null : "Give the link a name."}>
            <Input value={name} onChange={({ detail }) => setName(detail.value)} />
          </FormField>
          <FormField label="Kind" description={kindHelp[kind]}>
            <Select
              selectedOption={{ value: kind, label: kinds[kind] }}
              options={(Object.keys(kinds) as LinkKind[])
                .filter((value) => value !== "JOIN_TABLE" || link.kind === "JOIN_TABLE")
                .map((value) => ({
                  value,
                  label: kinds[value],
                  description: kindHelp[value],
                }))}
              onChange={({ detail }) => setKind(detail.selectedOption.value as LinkKind)}
            />
          </FormField>
        </div>
        <div className="form-grid">
          <ColumnPicker
            label={flip ? "From (will be: to)" : "From"}
            sources={data?.sources ?? []}
            value={tail}
            onChange={setTail}
          />
          <ColumnPicker
            label={flip ? "To (will be: from)" : "To"}
            sources={data?.sources ?? []}
            value={head}
            onChange={setHead}
          />
        </div>
        <Checkbox checked={flip} onChange={({ detail }) => setFlip(detail.checked)}>
          Turn the direction round: {head.dataset} → {tail.dataset}
        </Checkbox>
        <ExpandableSection headerText="Threshold, condition and spelling">
          <div className="form-grid">
            <FormField
              label="Threshold"
              description="Pairs that score less are not linked. 0 to 1; empty leaves it to the model."
              errorText={limitError}
            >
              <Input
                value={threshold}
                inputMode="decimal"
                onChange={({ detail }) => setThreshold(detail.value)}
                placeholder="0.5"
              />
            </FormField>
            <FormField label="Only records where" description="A condition on the records the link starts from.">
              <Input
                value={condition}
                onChange={({ detail }) => setCondition(detail.value)}
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
                  value={values(transform[side]).join("")}
                  onChange={({ detail }) => setTransform({ ...transform, [side]: detail.value })}
                />
              </FormField>
            ))}
          </div>
        </ExpandableSection>
      </SpaceBetween>
    </Modal>
  );
}
