import Button from "@cloudscape-design/components/button";
import { type ReactNode, useState } from "react";
import type { VertexDetails } from "../../api/types";
import { EvidenceLine } from "../../components/evidence-line";
import { Empty } from "../../components/states";
import { plural } from "../../lib/format";
import { isDocument, recordUid, type SourcedValue, sourcedValues } from "../../lib/provenance";

/** Every value of every property, with the records that say it. */
export function PropertyList({ vertex }: { vertex: VertexDetails }): ReactNode {
  const names = Object.keys(vertex.properties);
  if (!names.length) return <Empty title="No properties" />;
  return (
    <dl className="properties">
      {names.map((name) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {sourcedValues(name, vertex.properties[name], vertex.origins).map((value) => (
              <Value key={value.text} property={name} value={value} />
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const longest = 240;

function Value({ property, value }: { property: string; value: SourcedValue }): ReactNode {
  const [open, setOpen] = useState(false);
  const [whole, setWhole] = useState(false);
  const long = value.text.length > longest;
  const sources = [...new Set(value.from.map(({ origin }) => origin.source))];
  return (
    <div className="value">
      <span className="breakable">
        {long && !whole ? `${value.text.slice(0, longest)}…` : value.text}
        {long && (
          <>
            {" "}
            <Button
              variant="inline-link"
              ariaLabel={`${whole ? "Less" : "All"} of ${property}`}
              onClick={() => setWhole(!whole)}
            >
              {whole ? "less" : "all"}
            </Button>
          </>
        )}
      </span>
      {sources.length > 0 && (
        <button
          type="button"
          className="source-tag"
          aria-expanded={open}
          aria-label={`Where ${property} ${value.text.slice(0, 40)} comes from: ${plural(value.from.length, "record")} of ${sources.join(", ")}`}
          onClick={() => setOpen(!open)}
        >
          {sources.join(", ")}
        </button>
      )}
      {open &&
        value.from.map(({ origin, evidence }) => (
          <EvidenceLine
            key={origin.uid}
            source={origin.source}
            dataset={origin.dataset}
            record={origin.record}
            document={isDocument(origin) ? origin.uid : recordUid(origin)}
            evidence={evidence}
          />
        ))}
    </div>
  );
}
