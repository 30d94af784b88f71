import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import type { ReactNode } from "react";
import type { ApiError } from "../api/client";
import { navigate } from "../lib/router";
import type { Loaded } from "../lib/use-data";

export function Loading({ text }: { text: string }): ReactNode {
  return (
    <Box textAlign="center" padding="xxl" color="text-body-secondary">
      <SpaceBetween size="xs" alignItems="center">
        <Spinner size="large" />
        <span role="status">{text}…</span>
      </SpaceBetween>
    </Box>
  );
}

/** An error with what to do about it. */
export function Problem({
  error,
  onRetry,
  header,
}: {
  error: ApiError;
  onRetry?: () => void;
  header?: string;
}): ReactNode {
  const place = error.locations[0];
  return (
    <Alert
      type="error"
      header={header ?? error.message}
      action={onRetry && <Button onClick={onRetry}>Try again</Button>}
    >
      {header && <div>{error.message}</div>}
      {place && !error.message.includes(`line ${place.line}, column ${place.column}`) && (
        <div>
          Line {place.line}, column {place.column}
        </div>
      )}
      {error.remedy}
    </Alert>
  );
}

interface EmptyProps {
  title: string;
  children?: ReactNode;
  action?: { text: string; href?: string; onClick?: () => void; primary?: boolean };
}

/** Says that there is nothing, and what to do next. */
export function Empty({ title, children, action }: EmptyProps): ReactNode {
  return (
    <Box textAlign="center" padding={{ vertical: "l", horizontal: "m" }} color="inherit">
      <SpaceBetween size="s" alignItems="center">
        <div>
          <Box variant="strong">{title}</Box>
          {children && <Box color="text-body-secondary">{children}</Box>}
        </div>
        {action && (
          <Button
            variant={action.primary ? "primary" : "normal"}
            onClick={() => (action.onClick ? action.onClick() : action.href && navigate(action.href))}
          >
            {action.text}
          </Button>
        )}
      </SpaceBetween>
    </Box>
  );
}

/** Shows what `loaded` has: its data, a spinner before the first answer, or its error. */
export function Await<T>({
  loaded,
  text,
  children,
}: {
  loaded: Loaded<T>;
  text: string;
  children: (data: T) => ReactNode;
}): ReactNode {
  if (loaded.data !== undefined)
    return (
      <>
        {loaded.error && <Problem error={loaded.error} onRetry={() => void loaded.reload()} />}
        {children(loaded.data)}
      </>
    );
  if (loaded.error) return <Problem error={loaded.error} onRetry={() => void loaded.reload()} />;
  return <Loading text={text} />;
}
