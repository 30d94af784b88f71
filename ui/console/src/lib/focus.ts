const question = (): HTMLElement | null => document.querySelector<HTMLElement>(".question");

/**
 * Remembers what has the focus; the function it returns gives the focus back where an action has taken it away: a button
 * is disabled while its answer is awaited, or gone with its page. It goes to the question if that is another one by now,
 * else to the same button, else to the page, so that the next Tab goes on from there.
 */
export function rememberFocus(): () => void {
  const before = document.activeElement;
  const asked = question()?.textContent;
  return () =>
    // What is shown by now is drawn in the next frame.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        if (document.activeElement !== document.body && document.activeElement !== null) return;
        const another = question();
        if (another && another.textContent !== asked) return take(another);
        if (before instanceof HTMLElement && before !== document.body && before.isConnected) before.focus();
        const page = document.querySelector<HTMLElement>("#content");
        if (page && document.activeElement === document.body) take(page);
      }),
    );
}

function take(place: HTMLElement): void {
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
}
