//! tantivy: a batch of posts into a RAM index, then all queries.

use std::time::Instant;

use groundswell_query::{Expr, FieldName, Node, PhrasePart, Query, Term as Leaf};
use groundswell_watch::Doc;
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::query::{BooleanQuery, Occur, PhraseQuery, Query as Rival, RegexQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, WhitespaceTokenizer};
use tantivy::{DocAddress, DocId, Index, Score, SegmentOrdinal, SegmentReader, TantivyDocument, Term};

use crate::support::Corpus;

struct Fields {
    words: Field,
    tags: Field,
    facts: Field,
}

/// Which posts match, in no order and without scores: the least that whoever delivers matches must ask for. (`Count` would
/// not say which; of a single word it need not even look.)
struct Matching;

struct MatchingInSegment(SegmentOrdinal, Vec<DocAddress>);

impl Collector for Matching {
    type Fruit = Vec<DocAddress>;
    type Child = MatchingInSegment;

    fn for_segment(&self, segment: SegmentOrdinal, _: &SegmentReader) -> tantivy::Result<MatchingInSegment> {
        Ok(MatchingInSegment(segment, Vec::new()))
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Vec<DocAddress>>) -> tantivy::Result<Vec<DocAddress>> {
        Ok(segments.into_iter().flatten().collect())
    }
}

impl SegmentCollector for MatchingInSegment {
    type Fruit = Vec<DocAddress>;

    fn collect(&mut self, doc: DocId, _: Score) {
        self.1.push(DocAddress::new(self.0, doc));
    }

    fn harvest(self) -> Vec<DocAddress> {
        self.1
    }
}

/// Matches, and microseconds a post, at so many posts a batch. Queries are translated beforehand, as ours are compiled beforehand.
pub fn run(corpus: &Corpus, queries: &[&Query], posts: usize, batch: usize) -> (u64, f64) {
    let mut schema = Schema::builder();
    let words = TextOptions::default().set_indexing_options(
        // Words as ours are, one after the other with a space between: nothing is tokenized twice.
        TextFieldIndexing::default().set_tokenizer("spaces").set_index_option(IndexRecordOption::WithFreqsAndPositions),
    );
    let fields = Fields {
        words: schema.add_text_field("words", words),
        tags: schema.add_text_field("tags", STRING),
        facts: schema.add_text_field("facts", STRING),
    };
    let schema = schema.build();
    let rivals: Vec<Box<dyn Rival>> = queries.iter().map(|query| translate(&query.root, &fields)).collect();

    let start = Instant::now();
    let mut matches = 0;
    for batch in corpus.posts[..posts].chunks(batch) {
        let index = Index::create_in_ram(schema.clone());
        index.tokenizers().register("spaces", TextAnalyzer::builder(WhitespaceTokenizer::default()).build());
        let mut writer = index.writer_with_num_threads(1, 50_000_000).expect("a writer");
        for (post, analysis) in batch {
            writer.add_document(document(&Doc::new(post, analysis), &fields)).expect("a document");
        }
        writer.commit().expect("a commit");
        let searcher = index.reader().expect("a reader").searcher();
        for rival in &rivals {
            matches += searcher.search(rival, &Matching).expect("a search").len() as u64;
        }
    }
    (matches, start.elapsed().as_secs_f64() * 1e6 / posts as f64)
}

fn document(doc: &Doc<'_>, fields: &Fields) -> TantivyDocument {
    let mut document = TantivyDocument::default();
    let words: Vec<&str> = doc.analysis.words.iter().map(|word| doc.analysis.word(word)).collect();
    document.add_text(fields.words, words.join(" "));
    for tag in &doc.analysis.hashtags {
        document.add_text(fields.tags, doc.analysis.hashtag(tag));
    }
    document.add_text(fields.facts, format!("lang:{}", doc.analysis.language.as_str()));
    document.add_text(fields.facts, format!("kind:{}", doc.kind));
    document.add_text(fields.facts, format!("relation:{}", doc.relation));
    if let Some(region) = doc.region {
        document.add_text(fields.facts, format!("region:{}", String::from_utf8_lossy(&region)));
    }
    document
}

fn translate(expr: &Expr, fields: &Fields) -> Box<dyn Rival> {
    let term = |field: Field, text: &str| -> Box<dyn Rival> {
        Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
    };
    let any = |rivals: Vec<Box<dyn Rival>>| -> Box<dyn Rival> { Box::new(BooleanQuery::union(rivals)) };
    match &expr.node {
        Node::And(children) => Box::new(BooleanQuery::new(
            children
                .iter()
                .map(|child| match &child.node {
                    Node::Not(inner) => (Occur::MustNot, translate(inner, fields)),
                    _ => (Occur::Must, translate(child, fields)),
                })
                .collect(),
        )),
        Node::Or(children) => any(children.iter().map(|child| translate(child, fields)).collect()),
        Node::Not(_) | Node::Near(_) => unreachable!("NOT stands in an AND; queries with NEAR are left out"),
        Node::Leaf(leaf) => match &leaf.term {
            Leaf::Word(word) => any(vec![term(fields.words, word), term(fields.tags, word)]),
            Leaf::Prefix(prefix) => {
                // The words of the benchmark are letters and digits: nothing in them is special to a pattern.
                Box::new(RegexQuery::from_pattern(&format!("{prefix}.*"), fields.words).expect("a pattern"))
            }
            Leaf::Phrase(parts) => {
                let terms: Vec<Term> = parts
                    .iter()
                    .map(|part| match part {
                        PhrasePart::Word(word) => Term::from_field_text(fields.words, word),
                        PhrasePart::Prefix(_) => unreachable!("the generator writes no prefixes in phrases"),
                    })
                    .collect();
                Box::new(PhraseQuery::new(terms))
            }
            Leaf::Hashtag(tag) => term(fields.tags, tag),
            Leaf::Field(name, value) => match name {
                FieldName::Lang | FieldName::Kind | FieldName::Relation | FieldName::Region => {
                    term(fields.facts, &format!("{}:{value}", name.as_str()))
                }
                FieldName::Source | FieldName::Domain => unreachable!("the generator writes none"),
            },
        },
    }
}
