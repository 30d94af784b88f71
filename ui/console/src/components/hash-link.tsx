import Link, { type LinkProps } from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { follow } from "../lib/router";

/** A link to another page of the console. */
export function HashLink({
  to,
  children,
  ...rest
}: { to: string; children: ReactNode } & Omit<LinkProps, "href" | "onFollow">): ReactNode {
  return (
    <Link href={to} onFollow={follow} {...rest}>
      {children}
    </Link>
  );
}
