/**
 * Gives the focus back where an action took it away: a button that was pressed is disabled while its answer is awaited,
 * or gone with its page. Goes to the question that is asked, else to the page, so that the next Tab goes on from there.
 */
export function keepFocus(): void {
  requestAnimationFrame(() => {
    if (document.activeElement !== document.body && document.activeElement !== null) return;
    const place = document.querySelector<HTMLElement>(".question") ?? document.querySelector<HTMLElement>("#content");
    if (!place) return;
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
  });
}
