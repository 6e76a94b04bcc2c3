import { afterEach, expect, test, vi } from 'vitest';
import { STOPS, Tour } from './tour.svelte';

afterEach(() => localStorage.clear());

test('it is offered once, goes from stop to stop, and is not offered again when it is over', () => {
  const tour = new Tour();
  tour.offer();
  for (const stop of STOPS) {
    expect(tour.stop).toBe(stop);
    tour.go(1);
  }
  expect(tour.stop).toBeNull();
  tour.offer();
  expect(tour.stop).toBeNull();
  const later = new Tour();
  later.offer();
  expect(later.stop).toBeNull();
});

test('who leaves it is not asked again, and can ask for it', () => {
  const tour = new Tour();
  tour.offer();
  tour.leave();
  const later = new Tour();
  later.offer();
  expect(later.stop).toBeNull();
  later.start();
  expect([later.stop, later.asked]).toEqual(['verdict', true]);
});

test('there is nothing before the first stop, and an offer does not begin anew', () => {
  const tour = new Tour();
  tour.go(1);
  expect(tour.stop).toBeNull();
  tour.offer();
  tour.go(-1);
  expect(tour.stop).toBe('verdict');
  tour.go(1);
  tour.offer();
  expect(tour.stop).toBe('detection');
});

test('without storage it is left for this visit', () => {
  vi.spyOn(Storage.prototype, 'getItem').mockImplementation(() => {
    throw new Error('closed');
  });
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new Error('closed');
  });
  const tour = new Tour();
  tour.offer();
  tour.leave();
  tour.offer();
  expect(tour.stop).toBeNull();
});
