//! Whether an uploaded file is sound, and of which kind, judged by its content alone: what a browser
//! or a program says of it is what a stranger says.
//!
//! A file can be two things at once (a sound with a page of HTML in its tags). It is taken for the
//! sound it begins as, and only ever given back as that, as a download.

/// Less is not a tenth of a second.
const SMALLEST: usize = 1024;

/// A kind of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sound {
    /// Its media type.
    pub(super) media_type: &'static str,
    /// How names of such files end.
    pub(super) ending: &'static str,
}

/// Every kind that is taken, behind the name that `infer` has for it. Recorders of Android phones write M4A
/// under the brand of a film.
const KINDS: [(&str, Sound); 7] = [
    ("audio/x-wav", kind("audio/wav", "wav")),
    ("audio/mpeg", kind("audio/mpeg", "mp3")),
    ("audio/ogg", kind("audio/ogg", "ogg")),
    ("audio/opus", kind("audio/ogg", "ogg")),
    ("audio/x-flac", kind("audio/flac", "flac")),
    ("audio/m4a", kind("audio/mp4", "m4a")),
    ("video/mp4", kind("audio/mp4", "m4a")),
];

/// What an Ogg stream of sound begins with, after the head of its first page.
const OGG_CODECS: [&[u8]; 4] = [b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   "];
const OGG_HEAD: usize = 28;

/// From the name of the box to the end of what it says: version and flags, four bytes of nothing, the kind.
const HANDLER_BYTES: usize = 16;

const fn kind(media_type: &'static str, ending: &'static str) -> Sound {
    Sound { media_type, ending }
}

impl Sound {
    /// What kind of sound a file is.
    ///
    /// # Errors
    /// In words, when it is none that is taken.
    pub(super) fn of(content: &[u8]) -> Result<Self, &'static str> {
        if content.len() < SMALLEST {
            return Err("the file is too small to be a recording");
        }
        let found = infer::get(content).map(|found| found.mime_type());
        let sound = KINDS
            .iter()
            .find(|(name, _)| found == Some(*name))
            .map(|(_, sound)| *sound);
        match sound {
            Some(sound) if sound.ending == "ogg" && !is_ogg_sound(content) => {
                Err("the file is an Ogg file without sound")
            }
            Some(_) if found == Some("video/mp4") && !is_mp4_sound(content) => {
                Err("the file is a film, or an MP4 file without sound")
            }
            Some(sound) => Ok(sound),
            None => Err("the file is no WAV, MP3, Ogg, FLAC or M4A sound"),
        }
    }

    /// From its media type, as stored.
    pub(super) fn known(media_type: &str) -> Option<Self> {
        let mut kinds = KINDS.iter().map(|(_, sound)| *sound);
        kinds.find(|sound| sound.media_type == media_type)
    }
}

/// Ogg also carries film.
fn is_ogg_sound(content: &[u8]) -> bool {
    let codec = content.get(OGG_HEAD..).unwrap_or_default();
    OGG_CODECS.iter().any(|name| codec.starts_with(name))
}

/// MP4 also carries film: each of its tracks has a box `hdlr` that says what it is.
fn is_mp4_sound(content: &[u8]) -> bool {
    let tracks = || {
        content
            .windows(HANDLER_BYTES)
            .filter(|bytes| bytes.starts_with(b"hdlr"))
            .map(|bytes| &bytes[HANDLER_BYTES - 4..])
    };
    tracks().any(|track| track == b"soun") && tracks().all(|track| track != b"vide")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(beginning: &[u8]) -> Vec<u8> {
        let mut content = beginning.to_vec();
        content.resize(2 * SMALLEST, 0);
        content
    }

    fn ogg(codec: &[u8]) -> Vec<u8> {
        let mut beginning = b"OggS\0\x02".to_vec();
        beginning.resize(OGG_HEAD, 0);
        beginning.extend_from_slice(codec);
        file(&beginning)
    }

    fn mp4(brand: &[u8; 4], tracks: &[&[u8; 4]]) -> Vec<u8> {
        let mut beginning = b"\0\0\0\x18ftyp".to_vec();
        beginning.extend_from_slice(brand);
        beginning.extend_from_slice(b"\0\0\0\0mp42isom");
        for track in tracks {
            beginning.extend_from_slice(b"\0\0\0\x20hdlr\0\0\0\0\0\0\0\0");
            beginning.extend_from_slice(*track);
        }
        file(&beginning)
    }

    #[test]
    fn sounds_are_known_by_what_is_in_them() {
        for (content, media_type) in [
            (file(b"RIFF\x24\x08\0\0WAVEfmt "), "audio/wav"),
            (file(b"ID3\x04\0\0\0\0\0\0"), "audio/mpeg"),
            (file(b"\xff\xfb\x90\x64"), "audio/mpeg"),
            (file(b"fLaC\0\0\0\x22"), "audio/flac"),
            (file(b"\0\0\0\x20ftypM4A \0\0\0\0"), "audio/mp4"),
            (mp4(b"mp42", &[b"soun"]), "audio/mp4"),
            (mp4(b"isom", &[b"soun", b"text"]), "audio/mp4"),
            (ogg(b"OpusHead"), "audio/ogg"),
            (ogg(b"\x01vorbis"), "audio/ogg"),
        ] {
            let sound = Sound::of(&content).unwrap();
            assert_eq!(sound.media_type, media_type);
            assert_eq!(Sound::known(media_type), Some(sound));
        }
    }

    #[test]
    fn nothing_else_is_taken_whatever_it_is_called() {
        for content in [
            file(b"<!doctype html><script>alert(1)</script>"),
            file(b"<svg xmlns='http://www.w3.org/2000/svg'>"),
            file(b"%PDF-1.7"),
            file(b"MZ\x90\0"),
            file(b"\x7fELF"),
            file(b"PK\x03\x04"),
            file(b"RIFF\x24\x08\0\0AVI LIST"),
            mp4(b"isom", &[]),
            mp4(b"isom", &[b"soun", b"vide"]),
            mp4(b"mp42", &[b"vide"]),
            file(b"#!/bin/sh\n"),
            file(b"just text"),
            file(b""),
            ogg(b"\x80theora"),
            b"RIFF\x24\x08\0\0WAVEfmt ".to_vec(),
            Vec::new(),
        ] {
            assert!(
                Sound::of(&content).is_err(),
                "{:?}",
                &content[..content.len().min(20)]
            );
        }
    }
}
