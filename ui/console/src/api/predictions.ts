/** Link prediction: the subscription and what it sends. */

export interface PredictedLink {
  tail: string;
  tailName: string;
  head: string;
  headName: string;
  score: number;
  paths: string[];
}

export interface LinkPredictions {
  links: PredictedLink[];
  asked: number;
  serves: string;
  tried: { name: string; mrr: number }[];
  /** When the model was trained; what is found stays until the graph changes. */
  learnt: string | null;
}

/** The last message has the result. */
export interface PredictionProgress {
  message: string;
  result: LinkPredictions | null;
}

export const PREDICT_LINKS = `subscription PredictLinks($label: String!, $linked: Boolean, $seconds: Float) {
  predictLinks(label: $label, linked: $linked, seconds: $seconds) {
    message result { links { tail tailName head headName score paths } asked serves learnt tried { name mrr } }
  }
}`;
