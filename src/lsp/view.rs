//! How places of the analysis are told to the client: in its URIs, its columns, and with links where it knows them.

use std::path::Path;

use gen_lsp_types::{Location, Range, Uri};

use super::capabilities::Client;
use super::documents::{Document, Documents};
use super::pages::Pages;
use super::position::Lines;
use super::uri::{self, Folder};
use crate::workspace::source::{Place, Source};

/// What is needed to tell places.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) client: &'a Client,
    pub(super) documents: &'a Documents,
    pub(super) folders: &'a [Folder],
    pub(super) pages: &'a Pages,
}

impl<'a> View<'a> {
    /// The open text of a file.
    pub(super) fn document(&self, path: &Path) -> Option<&'a Document> {
        self.documents.at(path)
    }

    /// What the client calls a file: an open one as it does, another below the folder that it named.
    pub(super) fn uri(&self, path: &Path) -> Uri {
        if let Some(document) = self.document(path) {
            return document.uri.clone();
        }
        self.folders.iter().find_map(|folder| folder.uri_of(path)).unwrap_or_else(|| uri::of(path))
    }

    /// The lines of a file's text.
    pub(super) fn lines<'s>(&self, source: &'s Source) -> Lines<'s> {
        match self.document(&source.file) {
            Some(_) => Lines::of(&source.text, self.client.encoding),
            None => Lines::of_file(&source.text, self.client.encoding),
        }
    }

    pub(super) fn range(&self, place: &Place) -> Range {
        self.lines(&place.source).range(place.span)
    }

    pub(super) fn location(&self, place: &Place) -> Location {
        Location { uri: self.uri(&place.source.file), range: self.range(place) }
    }
}
