#include "greylist/sender_key.h"

#include <doctest/doctest.h>

using greylist::keyed_sender;

TEST_CASE("what changes from message to message is not in the key") {
  struct Row {
    const char* why;
    std::string_view sender, key;
  };
  for (const auto& [why, sender, key] : {
           Row{"null sender", "", ""},
           Row{"nothing to take out", "bob@x.org", "bob@x.org"},
           Row{"domain's case and trailing dot", "bob@X.Org.", "bob@x.org"},
           Row{"local part's case stays", "Bob@x.org", "Bob@x.org"},
           Row{"U-label", "bob@bücher.example", "bob@xn--bcher-kva.example"},
           Row{"A-label", "bob@XN--BCHER-KVA.example", "bob@xn--bcher-kva.example"},
           Row{"no domain", "bob", "bob"},
           Row{"no local part", "@x.org", "@x.org"},
           Row{"needless quotes", "\"bob\"@x.org", "bob@x.org"},
           Row{"quotes hide nothing", "\"bob+x\"@x.org", "bob@x.org"},
           Row{"needed quotes: left alone", "\"bob+x y-12\"@x.org", "\"bob+x y-12\"@x.org"},

           Row{"BATV", "prvs=0123abcdef=bob@x.org", "bob@x.org"},
           Row{"BATV, in capitals", "PRVS=0123ABCDEF=bob@x.org", "bob@x.org"},
           Row{"BATV the wrong way round", "prvs=bob=0123abcdef@x.org", "bob@x.org"},
           Row{"BATV the wrong way round, name like a tag", "prvs=bob2024=0123abcdef@x.org", "bob2024@x.org"},
           Row{"BATV, name like a tag", "prvs=0123abcdef=bob2024@x.org", "bob2024@x.org"},
           Row{"BATV, name with an equals sign", "prvs=0123abcdef=a=b@x.org", "a=b@x.org"},
           Row{"BATV with a shorter tag", "prvs=19416f4c2=bob@x.org", "bob@x.org"},
           Row{"BATV twice", "prvs=0123abcdef=prvs=4567abcdef=bob@x.org", "bob@x.org"},
           Row{"BATV round a sub-address", "prvs=0123abcdef=bob+x@x.org", "bob@x.org"},
           Row{"prvs without a tag", "prvs=bob@x.org", "prvs=bob@x.org"},
           Row{"prvs with a name for a tag", "prvs=alice=bob@x.org", "prvs=alice=bob@x.org"},
           Row{"prvs with nothing behind the tag", "prvs=0123abcde=@x.org", "prvs=#=@x.org"},
           Row{"prvs with an empty tag", "prvs==bob@x.org", "prvs==bob@x.org"},
           Row{"prvs further on is a name", "a.prvs=0123abcdeg=bob@x.org", "a.prvs=0123abcdeg=bob@x.org"},

           Row{"SRS0", "SRS0=aa=BB=s.org=bob@f.org", "SRS0=s.org=bob@f.org"},
           Row{"SRS0 in small letters", "srs0=aa=BB=S.org=bob@f.org", "SRS0=s.org=bob@f.org"},
           Row{"SRS0 with a plus", "SRS0+a/+b=BB=s.org=bob@f.org", "SRS0=s.org=bob@f.org"},
           Row{"SRS0 with a hyphen", "SRS0-aa=BB=s.org=bob@f.org", "SRS0=s.org=bob@f.org"},
           Row{"SRS0, numbers of the domain stay", "SRS0=aa=BB=163.com=bob@f.org", "SRS0=163.com=bob@f.org"},
           Row{"SRS0, name with an equals sign", "SRS0=aa=BB=s.org=a=b@f.org", "SRS0=s.org=a=b@f.org"},
           Row{"SRS0 of a sub-address", "SRS0=aa=BB=s.org=bob+x@f.org", "SRS0=s.org=bob@f.org"},
           Row{"SRS0 of a VERP address", "SRS0=aa=BB=s.org=bounce-12@f.org", "SRS0=s.org=bounce-#@f.org"},
           Row{"SRS0 of a number", "SRS0=aa=BB=s.org=12345@f.org", "SRS0=s.org=12345@f.org"},
           Row{"SRS0 of BATV", "SRS0=aa=BB=s.org=prvs=0123abcdef=bob@f.org", "SRS0=s.org=bob@f.org"},
           Row{"BATV of SRS0", "prvs=0123abcdef=SRS0=aa=BB=s.org=bob@f.org", "SRS0=s.org=bob@f.org"},
           Row{"SRS0 of SRS0", "SRS0=aa=BB=g.org=SRS0=cc=DD=s.org=bob@f.org", "SRS0=g.org=SRS0=s.org=bob@f.org"},
           Row{"SRS0 without a name", "SRS0=aa=BB=s.org=@f.org", "SRS0=aa=BB=s.org=@f.org"},
           Row{"SRS0 without a domain", "SRS0=aa=BB=x=bob@f.org", "SRS0=aa=BB=x=bob@f.org"},
           Row{"SRS0 without a hash", "SRS0==BB=s.org=bob@f.org", "SRS0==BB=s.org=bob@f.org"},
           Row{"SRS0 is a word of its own", "SRS01=aa=BB=s.org=bob@f.org", "SRS01=aa=BB=s.org=bob@f.org"},
           Row{"SRS1", "SRS1=hh=f.org==aa=BB=s.org=bob@g.org", "SRS1=f.org==s.org=bob@g.org"},
           Row{"SRS1 of SRS0+", "SRS1+hh=F.org=+aa=BB=s.org=bob@g.org", "SRS1=f.org==s.org=bob@g.org"},
           Row{"SRS1 cut short", "SRS1=hh=f.org==aa=BB@g.org", "SRS1=hh=f.org==aa=BB@g.org"},

           Row{"sub-address", "bob+x@x.org", "bob@x.org"},
           Row{"sub-address with more of them", "bob+x+y@x.org", "bob@x.org"},
           Row{"sub-address of nobody", "+x@x.org", "+x@x.org"},
           Row{"empty sub-address", "bob+@x.org", "bob@x.org"},
           Row{"VERP behind a plus", "list+bob=example.org@l.org", "list@l.org"},

           Row{"VERP number in the middle", "bounce-991-bob=example.org@l.org", "bounce-#-bob=example.org@l.org"},
           Row{"number at the end", "bounce-991@l.org", "bounce-#@l.org"},
           Row{"number at the start", "991-bounce@l.org", "#-bounce@l.org"},
           Row{"every delimiter", "a-1_2=3.4@l.org", "a-#_#=#.#@l.org"},
           Row{"number in a word", "user1@x.org", "user1@x.org"},
           Row{"number before a word", "1user.x@x.org", "1user.x@x.org"},
           Row{"number beside another character", "a-1!2@x.org", "a-1!2@x.org"},
           Row{"nothing but a number", "12345@x.org", "12345@x.org"},
           Row{"nothing but numbers", "12-34@x.org", "12-34@x.org"},
           Row{"nothing but numbers and delimiters", "-12.@x.org", "-12.@x.org"},
           Row{"nothing but numbers and ids", "12-0123abcdef@x.org", "12-0123abcdef@x.org"},
           Row{"number left by a sub-address", "12+x@x.org", "12@x.org"},
           Row{"id", "bounce-5f3c09aa-bob@l.org", "bounce-#-bob@l.org"},
           Row{"id in capitals", "bounce-5F3C09AA@l.org", "bounce-#@l.org"},
           Row{"too short for an id", "bounce-5f3c09a@l.org", "bounce-5f3c09a@l.org"},
           Row{"a word of hex digits", "bounce-deadbeef@l.org", "bounce-deadbeef@l.org"},
           Row{"a long name with a number", "bounce-customers2024@l.org", "bounce-customers2024@l.org"},
           Row{"numbers of the domain stay", "bob@12.x.org", "bob@12.x.org"},

           Row{"control characters are escaped", "\"a\tb\x7f\"@x.org", "\"a\\x09b\\x7f\"@x.org"},
           Row{"so are backslashes", "\"a\\\\b\"@x.org", "\"a\\\\\\\\b\"@x.org"},
       }) {
    CAPTURE(why);
    CHECK(keyed_sender(sender) == key);
    if (!key.contains('\\')) CHECK(keyed_sender(key) == key);
  }
}

TEST_CASE("correspondents stay apart") {
  struct Row {
    const char* why;
    std::string_view one, other;
  };
  for (const auto& [why, one, other] : {
           Row{"number in the name", "user1@x.org", "user2@x.org"},
           Row{"case of the local part", "Bob@x.org", "bob@x.org"},
           Row{"domain", "bob@x.org", "bob@y.org"},
           Row{"numbers for names", "12345@x.org", "12346@x.org"},
           Row{"numbers and delimiters for names", "12-34@x.org", "12-35@x.org"},
           Row{"number or none", "bounce-1@x.org", "bounce@x.org"},
           Row{"recipients in VERP", "b-1-bob=y.org@l.org", "b-1-eve=y.org@l.org"},
           Row{"forwarded for different domains", "SRS0=aa=BB=163.com=bob@f.org", "SRS0=aa=BB=126.com=bob@f.org"},
           Row{"forwarded for different people", "SRS0=aa=BB=s.org=bob@f.org", "SRS0=aa=BB=s.org=eve@f.org"},
           Row{"the null sender and nobody", "", "@"},
       }) {
    CAPTURE(why);
    CHECK(keyed_sender(one) != keyed_sender(other));
  }
}
