import Alert from "@cloudscape-design/components/alert";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { serviceUrl } from "../../api/client";
import { Loading } from "../../components/states";
import type { DocumentPage, Mention } from "../../api/types";

interface Props {
  page: DocumentPage;
  mentions: Mention[];
  evidence: number[][];
  chosen: Mention | undefined;
  onChoose: (mention: Mention) => void;
}

const sharpness = 1400;

function imageOf(url: string): string {
  const target = new URL(url.replace(/^\//, ""), serviceUrl("."));
  if (!target.searchParams.has("width")) target.searchParams.set("width", String(sharpness));
  return target.toString();
}

/** The page as it looks, with boxes around mentions and around the evidence that led here. */
export function PageImage({ page, mentions, evidence, chosen, onChoose }: Props): ReactNode {
  const [failed, setFailed] = useState(false);
  const [loaded, setLoaded] = useState(false);
  const marked = useRef<SVGRectElement>(null);
  useEffect(() => {
    marked.current?.scrollIntoView({ block: "center" });
  }, []);
  const firstEvidence = evidence[0];
  return (
    <div className="page-frame">
      {failed && (
        <Alert type="warning" header="The page cannot be shown">
          Its file cannot be fetched from its source just now. The text is what was read when it was last built.
        </Alert>
      )}
      <div className="page" style={{ aspectRatio: `${page.width} / ${page.height}` }}>
        {!failed && page.imageUrl && (
          <img
            src={imageOf(page.imageUrl)}
            alt={`Page ${page.number}`}
            onLoad={() => setLoaded(true)}
            onError={() => setFailed(true)}
          />
        )}
        {!failed && !loaded && <Loading text="Drawing the page" />}
        <svg viewBox={`0 0 ${page.width} ${page.height}`} aria-hidden="true">
          {evidence.map((box, index) => (
            <rect
              key={`e${index}`}
              ref={box === firstEvidence ? marked : null}
              className="box evidence-box"
              {...rect(box, 3)}
            />
          ))}
          {mentions.flatMap((mention, index) =>
            mention.boxes.map((box, part) => (
              <rect
                key={`${index}-${part}`}
                className={`box${mention.linked ? " linked" : ""}${mention === chosen ? " chosen-box" : ""}`}
                {...rect(box, 1)}
                onClick={() => onChoose(mention)}
              >
                <title>{`${mention.type}: ${mention.text}`}</title>
              </rect>
            )),
          )}
        </svg>
      </div>
    </div>
  );
}

function rect(box: number[], margin: number): { x: number; y: number; width: number; height: number } {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = box;
  return { x: x0 - margin, y: y0 - margin, width: x1 - x0 + 2 * margin, height: y1 - y0 + 2 * margin };
}
