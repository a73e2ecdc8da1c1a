/**
 * When a page may be stopped in the middle of things: the browser freezes it in the background, or
 * keeps it for going back. What it holds then, no other tab can have, so it lets go by itself
 * (DESIGN.md §2).
 */
export interface PageLife {
  readonly pause: () => void;
  readonly resume: () => void;
}

/** The answer ends it. */
export const watchPage = ({ pause, resume }: PageLife): (() => void) => {
  const onPageHide = (event: PageTransitionEvent): void => {
    if (event.persisted) pause();
  };
  const onPageShow = (event: PageTransitionEvent): void => {
    if (event.persisted) resume();
  };
  const onVisibility = (): void => {
    if (document.visibilityState === "hidden") pause();
    else resume();
  };
  document.addEventListener("freeze", pause);
  document.addEventListener("resume", resume);
  addEventListener("pagehide", onPageHide);
  addEventListener("pageshow", onPageShow);
  // There a hidden page is suspended without a word more, whatever it holds
  const isToldByHiding = isIos();
  if (isToldByHiding) document.addEventListener("visibilitychange", onVisibility);
  return () => {
    document.removeEventListener("freeze", pause);
    document.removeEventListener("resume", resume);
    removeEventListener("pagehide", onPageHide);
    removeEventListener("pageshow", onPageShow);
    if (isToldByHiding) document.removeEventListener("visibilitychange", onVisibility);
  };
};

/** An iPad calls itself a Mac; no Mac can be touched in five places. */
const isIos = (): boolean =>
  /iPad|iPhone|iPod/.test(navigator.userAgent) ||
  (navigator.userAgent.includes("Mac") && navigator.maxTouchPoints > 1);
