import "./document.css";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Badge from "@cloudscape-design/components/badge";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { type ReactNode, useMemo, useState } from "react";
import { DOCUMENT_PAGE } from "../../api/queries";
import type { DocumentPage, Mention } from "../../api/types";
import { HashLink } from "../../components/hash-link";
import { Await, Empty } from "../../components/states";
import { percent } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { parseBoxes } from "../../lib/provenance";
import { follow, href, navigate, useRoute } from "../../lib/router";
import { spans } from "../../lib/spans";
import { useStored } from "../../lib/stored";
import { useData } from "../../lib/use-data";
import { PageImage } from "./page-image";

/** A page of a document: its image with what was found on it, and its text. */
export function DocumentViewer({ id, number }: { id: string; number: number }): ReactNode {
  const loaded = useData<{ documentPage: DocumentPage | null }>(DOCUMENT_PAGE, { id, number });
  const name = decodeURIComponent(id.split("/").pop() ?? id);
  return (
    <SpaceBetween size="s">
      <BreadcrumbGroup
        ariaLabel="Where you are"
        items={[
          { text: "Explore", href: "#/explore" },
          { text: name, href: href("explore", { select: id }) },
          { text: `Page ${number}`, href: "" },
        ]}
        onFollow={follow}
      />
      <Await loaded={loaded} text="Loading the page">
        {({ documentPage }) =>
          documentPage ? (
            <Page key={`${id}|${number}`} page={documentPage} id={id} name={name} />
          ) : (
            <Empty title="There is no such page" action={{ text: "Back to the graph", href: "#/explore" }}>
              The document was changed or removed at its source.
            </Empty>
          )
        }
      </Await>
    </SpaceBetween>
  );
}

function Page({ page, id, name }: { page: DocumentPage; id: string; name: string }): ReactNode {
  const { params } = useRoute();
  const evidence = useMemo(() => parseBoxes(params.get("boxes")), [params]);
  const quote = params.get("quote") ?? "";
  const [chosen, setChosen] = useState<Mention | undefined>(() =>
    page.mentions.find((mention) => quote !== "" && mention.text === quote),
  );
  const [linkedOnly, setLinkedOnly] = useStored("document.linkedOnly", false);
  const mentions = linkedOnly ? page.mentions.filter((mention) => mention.linked) : page.mentions;
  const go = (number: number): void => {
    if (number >= 1 && number <= page.pages) navigate(href("explore/document", { id, page: number }));
  };
  useKeys({ ArrowRight: () => go(page.number + 1), ArrowLeft: () => go(page.number - 1) });
  const hasLayout = page.width > 0 && page.imageUrl !== null;

  return (
    <SpaceBetween size="s">
      <Header
        variant="h1"
        description={page.fromOcr ? "The text was read from the image (OCR)." : undefined}
        actions={
          <SpaceBetween direction="horizontal" size="m" alignItems="center">
            <Toggle checked={linkedOnly} onChange={({ detail }) => setLinkedOnly(detail.checked)}>
              Only what is linked
            </Toggle>
            {page.pages > 1 && (
              <Pagination
                currentPageIndex={page.number}
                pagesCount={page.pages}
                onChange={({ detail }) => go(detail.currentPageIndex)}
              />
            )}
          </SpaceBetween>
        }
      >
        {name}
      </Header>
      <div className={hasLayout ? "document" : "document text-only"}>
        {hasLayout && (
          <PageImage page={page} mentions={mentions} evidence={evidence} chosen={chosen} onChoose={setChosen} />
        )}
        <div className="document-side">
          {chosen ? (
            <Chosen mention={chosen} />
          ) : (
            <p className="muted">Click a marked word to see what it is and what it is linked to.</p>
          )}
          <div className="document-text" aria-label="Text of the page" role="region" tabIndex={0}>
            {page.text.trim() ? (
              spans(page.text, mentions).map((span, index) =>
                span.mention ? (
                  <button
                    key={index}
                    type="button"
                    className={span.mention.linked ? "mention linked" : "mention"}
                    aria-pressed={span.mention === chosen}
                    title={span.mention.type}
                    onClick={() => setChosen(span.mention)}
                  >
                    {span.text}
                  </button>
                ) : (
                  <span key={index}>{span.text}</span>
                ),
              )
            ) : (
              <Empty title="No text on this page" />
            )}
          </div>
        </div>
      </div>
    </SpaceBetween>
  );
}

function Chosen({ mention }: { mention: Mention }): ReactNode {
  return (
    <div className="chosen" role="status">
      <div>
        <Badge color="blue">{mention.type}</Badge> <strong className="breakable">{mention.text}</strong>
        {mention.normal !== mention.text && <span className="muted"> = {mention.normal}</span>}
      </div>
      <div>
        {mention.linked ? (
          <>
            Linked to{" "}
            <HashLink
              to={href("explore", { select: mention.linked.id })}
            >{`${mention.linked.name} (${mention.linked.label})`}</HashLink>
          </>
        ) : (
          <span className="muted">Not linked</span>
        )}
        <span className="muted">{` · ${mention.extractor}, ${percent(mention.confidence)} sure`}</span>
      </div>
    </div>
  );
}
