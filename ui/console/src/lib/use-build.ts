import { useEffect, useState } from "react";
import { graphql, type ApiError } from "../api/client";
import { BUILD, BUILD_PROGRESS } from "../api/queries";
import { subscribe } from "../api/subscribe";
import type { Build } from "../api/types";
import { toApiError } from "./use-data";

const pollEvery = 2000;

export const isActive = (build: Build): boolean => build.state === "RUNNING" || build.state === "QUEUED";

/** A build as it goes: followed over the subscription, or asked every two seconds where WebSockets do not get through. */
export function useBuild(id: number): { build: Build | null | undefined; error: ApiError | undefined } {
  const [build, setBuild] = useState<Build | null>();
  const [error, setError] = useState<ApiError>();

  useEffect(() => {
    let stopped = false;
    let timer: number | undefined;
    let stopFollowing: (() => void) | undefined;

    const ask = async (): Promise<Build | null> => {
      const answer = (await graphql<{ build: Build | null }>(BUILD, { id })).build;
      if (!stopped) {
        setBuild(answer);
        setError(undefined);
      }
      return answer;
    };
    const poll = async (): Promise<void> => {
      try {
        const answer = await ask();
        if (stopped || !answer || !isActive(answer)) return;
      } catch (failure) {
        if (stopped) return;
        setError(toApiError(failure));
      }
      timer = window.setTimeout(() => void poll(), pollEvery);
    };
    ask().then(
      (answer) => {
        if (stopped || !answer || !isActive(answer)) return;
        stopFollowing = subscribe<{ build: Build }>(
          BUILD_PROGRESS,
          { id },
          (data) => setBuild(data.build),
          () => void poll(),
        );
      },
      () => void poll(),
    );
    return () => {
      stopped = true;
      window.clearTimeout(timer);
      stopFollowing?.();
    };
  }, [id]);
  return { build, error };
}
