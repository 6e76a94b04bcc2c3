// Short names for the generated types: the only file that knows how openapi.json calls its schemas.
import type { components } from '../../gen/api';

type Schemas = components['schemas'];

export type Step = Schemas['Step'];
export type VolumeRow = Schemas['VolumeRow'];
export type VolumePage = Schemas['VolumePage'];
export type TopAnswer = Schemas['TopAnswer'];
export type TopItem = Schemas['TopItem'];
export type Watch = Schemas['Watch'];
export type NewWatch = Schemas['NewWatch'];
export type ClauseList = Schemas['ClauseList'];
export type ToneList = Schemas['ToneList'];
export type ToneRow = Schemas['ToneRow'];
export type ToneShare = Schemas['ToneShare'];
export type WatchReading = Schemas['WatchReading'];
export type WatchTrial = Schemas['WatchTrial'];
export type QueryPart = Schemas['QueryPart'];
export type WatchList = Schemas['WatchList'];
export type Narrative = Schemas['Narrative'];
export type NarrativeBucket = Schemas['NarrativeBucket'];
export type NarrativeEvent = Schemas['NarrativeEvent'];
export type Detection = Schemas['Detection'];
export type Evidence = Schemas['Evidence'];
export type Severity = Schemas['Severity'];
export type DetectionKind = Schemas['DetectionKind'];
export type Amplification = Schemas['Amplification'];
export type Feed = Schemas['Feed'];
export type NewFeed = Schemas['NewFeed'];
export type NewEdit = Schemas['NewEdit'];
export type NewTrial = Schemas['NewTrial'];
export type Trial = Schemas['FeedTrial'];
export type TrialDay = Schemas['FeedTrialDay'];
export type TrialAnswer = Schemas['FeedTrialAnswer'];
export type FeedMessage = Schemas['FeedMessage'];
export type FeedReceiver = Schemas['FeedReceiver'];
export type Source = Schemas['SourceState'];
export type SourceList = Schemas['SourceList'];
export type CoverageItem = Schemas['CoverageItem'];
export type CoverageGap = Schemas['CoverageGap'];
export type CoverageAnswer = Schemas['CoverageAnswer'];
export type AuditPage = Schemas['AuditPage'];
export type AuditEntry = Schemas['AuditEntry'];
export type AuditHead = Schemas['AuditHead'];
export type Status = Schemas['Status'];
export type Settings = Schemas['Settings'];
export type Session = Schemas['Session'];

/** What the page ranks: the dimensions of the four panels. */
export type Ranked = 'hashtag' | 'term' | 'domain' | 'language';

/** One event of `/api/v1/stream`: a window that has just closed. */
export interface ClosedWindow {
  step: Step;
  start: string;
  end: string;
}

/** What editors did with a detection of a feed, as its document says (`_groundswell` of JSON Feed). */
export interface Marks {
  pinned: boolean;
  mark: string | null;
  notes: string[];
}

/** A detection in a feed. */
export interface FeedItem {
  detection: Detection;
  marks: Marks;
}
