import type { ReactNode } from "react";
import type { Evidence } from "../api/types";
import { percent } from "../lib/format";
import { documentHref } from "../lib/provenance";
import { HashLink } from "./hash-link";

interface Props {
  source: string;
  dataset: string;
  record: string;
  /** The document that holds the evidence's page. */
  document: string;
  evidence: Evidence;
}

/** Where a value or link stands: source, record, column or page, how it was read and how surely. */
export function EvidenceLine({ source, dataset, record, document, evidence }: Props): ReactNode {
  return (
    <div className="evidence">
      <span className="breakable">
        {source} / {dataset} / <strong>{record}</strong>
        {evidence.column && `, column ${evidence.column}`}
      </span>
      {evidence.page !== null && (
        <>
          {" "}
          <HashLink
            to={documentHref(document, evidence)}
            fontSize="body-s"
            ariaLabel={`Show page ${evidence.page} of ${record}`}
          >
            page {evidence.page}
          </HashLink>
        </>
      )}
      <span className="muted">
        {` · ${evidence.extractor}`}
        {evidence.confidence < 1 && `, ${percent(evidence.confidence)} sure`}
      </span>
      {evidence.quote && <q className="quote">{evidence.quote}</q>}
      {evidence.reason && <div className="muted">{evidence.reason}</div>}
    </div>
  );
}
