import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import type { FragmentOrigin } from "../../api/types";
import { HashLink } from "../../components/hash-link";
import { Empty } from "../../components/states";
import { values, when } from "../../lib/format";
import { documentHref, isDocument } from "../../lib/provenance";
import { href } from "../../lib/router";

/** The records that a vertex is assembled from, each with what it alone says. */
export function Origins({ origins }: { origins: FragmentOrigin[] }): ReactNode {
  if (!origins.length) return <Empty title="No records" />;
  return (
    <SpaceBetween size="s">
      {origins.map((origin) => (
        <article key={origin.uid} className="origin">
          <header>
            <span className="breakable">
              <HashLink
                to={href(`sources/${encodeURIComponent(origin.source)}`, { dataset: origin.dataset })}
              >{`${origin.source} / ${origin.dataset}`}</HashLink>
              {" / "}
              <strong>{origin.record}</strong>
            </span>
            <span className="muted">
              {[origin.type, origin.seen && `seen ${when(origin.seen)}`, origin.sameAs && `same as ${origin.sameAs}`]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </header>
          <dl className="rows">
            {Object.entries(origin.properties).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{values(value).join(", ").slice(0, 300)}</dd>
              </div>
            ))}
          </dl>
          {isDocument(origin) && <HashLink to={documentHref(origin.uid)}>Open the document</HashLink>}
        </article>
      ))}
    </SpaceBetween>
  );
}
