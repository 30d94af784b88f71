import { useEffect, useState } from "react";

/** Draws again every second while something runs, so that its time goes on. */
export function useClock(running: boolean): void {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!running) return;
    const timer = window.setInterval(() => tick((value) => value + 1), 1000);
    return () => window.clearInterval(timer);
  }, [running]);
}
