import { hrefOf, placeOf, type Place, type RouteName } from './places.ts';

/** The place the address bar names. Links are ordinary links; the browser's own back and forward work. */
export class Router {
  place = $state.raw<Place | null>(null);
  /** Somebody went somewhere: the new screen's heading then takes the focus. Not so when the window opens. */
  hasNavigated = false;

  constructor() {
    this.place = placeOf(location.hash);
  }

  listen(): () => void {
    const follow = () => {
      const next = placeOf(location.hash);
      // Another query of the same screen is no new screen.
      if (next === null || next.name !== this.place?.name || next.id !== this.place.id)
        this.hasNavigated = true;
      this.place = next;
    };
    addEventListener('hashchange', follow);
    return () => {
      removeEventListener('hashchange', follow);
    };
  }

  go(name: RouteName, options?: Parameters<typeof hrefOf>[1]): void {
    location.hash = hrefOf(name, options);
  }

  goTo(hash: string): void {
    if (placeOf(hash) !== null) location.hash = hash;
  }
}
