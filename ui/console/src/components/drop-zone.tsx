import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { type ReactNode, useRef, useState } from "react";
import { upload, type Upload } from "../api/client";
import { bytes, plural } from "../lib/format";
import { chosen, dropped, type Picked } from "../lib/files";
import { useAction } from "../lib/use-data";
import { Problem } from "./states";

/** Takes files or a folder by drag and drop or by choosing, and uploads them at once. */
export function DropZone({ done, onDone }: { done: Upload | undefined; onDone: (upload: Upload) => void }): ReactNode {
  const [over, setOver] = useState(false);
  const [share, setShare] = useState(0);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const action = useAction(async (picked: Picked[]) => {
    if (!picked.length) return;
    setShare(0);
    onDone(await upload(picked, setShare));
  });

  return (
    <SpaceBetween size="s">
      <div
        className={`drop-zone${over ? " over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void dropped(event.dataTransfer).then((picked) => action.run(picked));
        }}
      >
        <SpaceBetween size="s" alignItems="center">
          <Box color="text-body-secondary">
            Drop files or a folder here: tables, PDFs, documents, slides, e-mails, images
          </Box>
          <SpaceBetween size="xs" direction="horizontal">
            <Button iconName="upload" onClick={() => files.current?.click()}>
              Choose files
            </Button>
            <Button iconName="folder" onClick={() => folder.current?.click()}>
              Choose a folder
            </Button>
          </SpaceBetween>
        </SpaceBetween>
        <input
          ref={files}
          type="file"
          multiple
          hidden
          aria-label="Files"
          onChange={(event) => void action.run(chosen(event.target.files))}
        />
        <input
          ref={(element) => {
            folder.current = element;
            element?.setAttribute("webkitdirectory", "");
          }}
          type="file"
          hidden
          aria-label="Folder"
          onChange={(event) => void action.run(chosen(event.target.files))}
        />
      </div>
      {action.busy && <ProgressBar value={100 * share} label="Uploading" />}
      {action.error && <Problem error={action.error} />}
      {done && !action.busy && (
        <StatusIndicator>{`${plural(done.files, "file")} uploaded (${bytes(done.bytes)})`}</StatusIndicator>
      )}
    </SpaceBetween>
  );
}
