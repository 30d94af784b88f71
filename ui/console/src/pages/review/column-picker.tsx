import FormField from "@cloudscape-design/components/form-field";
import Multiselect from "@cloudscape-design/components/multiselect";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import type { Column } from "../../api/review-types";
import type { ColumnInfo } from "../../api/types";

export interface KnownSource {
  name: string;
  datasets: { name: string; columns: ColumnInfo[] }[];
}

interface Props {
  label: string;
  sources: KnownSource[];
  value: Column;
  onChange: (column: Column) => void;
  /** What having chosen no column of a table means, where it means something. */
  none?: string | undefined;
}

/** Chooses a dataset and its columns. */
export function ColumnPicker({ label, sources, value, onChange, none }: Props): ReactNode {
  const dataset = sources
    .find((source) => source.name === value.source)
    ?.datasets.find((item) => item.name === value.dataset);
  const id = (source: string, name: string): string => JSON.stringify([source, name]);
  return (
    <FormField label={label}>
      <SpaceBetween size="xs">
        <Select
          ariaLabel={`${label}: dataset`}
          filteringType="auto"
          placeholder="Choose a dataset"
          selectedOption={
            value.dataset
              ? { value: id(value.source, value.dataset), label: `${value.source} / ${value.dataset}` }
              : null
          }
          options={sources.map((source) => ({
            label: source.name,
            options: source.datasets.map((item) => ({
              value: id(source.name, item.name),
              label: `${source.name} / ${item.name}`,
            })),
          }))}
          onChange={({ detail }) => {
            const [source = "", name = ""] = JSON.parse(detail.selectedOption.value ?? "[]") as string[];
            onChange({ source, dataset: name, columns: [] });
          }}
        />
        <Multiselect
          ariaLabel={`${label}: columns`}
          placeholder={dataset && !dataset.columns.length ? "The text of the documents" : (none ?? "Choose columns")}
          disabled={!value.dataset}
          filteringType="auto"
          selectedOptions={value.columns.map((column) => ({ value: column, label: column }))}
          options={(dataset?.columns ?? value.columns.map((name) => ({ name, type: "" }))).map((column) => ({
            value: column.name,
            label: column.name,
            description: column.type,
          }))}
          onChange={({ detail }) =>
            onChange({ ...value, columns: detail.selectedOptions.map((option) => option.value ?? "") })
          }
        />
      </SpaceBetween>
    </FormField>
  );
}
