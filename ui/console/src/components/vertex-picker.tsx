import Autosuggest from "@cloudscape-design/components/autosuggest";
import FormField from "@cloudscape-design/components/form-field";
import { type ReactNode, useEffect, useState } from "react";
import { SEARCH } from "../api/queries";
import type { SearchHit, VertexRef } from "../api/types";
import { BehindNote } from "./behind-note";
import { useData } from "../lib/use-data";

/** A thing of the graph, found by typing. */
export function VertexPicker({
  label,
  value,
  onChange,
}: {
  label: string;
  value: VertexRef | undefined;
  onChange: (vertex: VertexRef | undefined) => void;
}): ReactNode {
  const [text, setText] = useState(value?.name ?? "");
  const [asked, setAsked] = useState("");
  useEffect(() => setText(value?.name ?? ""), [value]);
  useEffect(() => {
    const timer = window.setTimeout(() => setAsked(text.trim()), 250);
    return () => window.clearTimeout(timer);
  }, [text]);
  const { data, behind, error, loading } = useData<{ search: SearchHit[] }>(asked.length > 1 ? SEARCH : null, {
    text: asked,
    first: 12,
  });
  const hits = data?.search ?? [];
  return (
    <FormField label={label} constraintText={<BehindNote behind={behind} />}>
      <Autosuggest
        value={text}
        filteringType="manual"
        enteredTextLabel={(entered) => `Search “${entered}”`}
        placeholder="Search by name, number or text"
        statusType={loading ? "loading" : error ? "error" : "finished"}
        loadingText="Searching"
        errorText={error?.message ?? ""}
        empty={asked.length > 1 ? "Nothing found" : "Type to search"}
        options={hits.map(({ vertex }) => ({
          value: vertex.id,
          label: vertex.name,
          labelTag: vertex.label,
          description: vertex.sources.join(", "),
        }))}
        onChange={({ detail }) => {
          setText(detail.value);
          if (value) onChange(undefined);
        }}
        onSelect={({ detail }) => {
          const hit = hits.find(({ vertex }) => vertex.id === detail.value);
          if (hit) {
            setText(hit.vertex.name);
            onChange(hit.vertex);
          }
        }}
      />
    </FormField>
  );
}
