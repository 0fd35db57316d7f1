#include "greylist/generic_name.h"

#include <doctest/doctest.h>

using greylist::IpAddress;
using greylist::is_generic_name;

TEST_CASE("names that a provider gives to its lines are told from those of servers") {
  struct Row {
    std::string_view client, name, organisation;
    bool generic;
  };
  for (const auto& [client, name, organisation, generic] : {
           // by the address
           Row{"203.0.113.7", "203-0-113-7.example.net", "example.net", true},
           Row{"203.0.113.7", "7.113.0.203.example.net", "example.net", true},
           Row{"203.0.113.7", "host7-113-0.example.net", "example.net", true},
           Row{"203.0.113.7", "cpc1-0-113-7.example.net", "example.net", true},
           Row{"203.0.113.7", "static.203.000.113.007.example.net", "example.net", true},
           Row{"203.0.113.7", "203000113007.example.net", "example.net", true},
           Row{"203.0.113.7", "ipcb007107.example.net", "example.net", true},
           Row{"203.0.113.7", "h-cb007107.example.net", "example.net", true},
           Row{"203.0.113.7", "ec2-203-0-113-7.compute.example.com", "example.com", true},
           Row{"203.1.1.1", "mx1.dc1.r1.example.net", "example.net", false},
           Row{"203.1.1.1", "mx203-1-1.example.net", "example.net", true},
           Row{"8.1.1.1", "8-1-1-1.example.net", "example.net", true},
           Row{"203.0.113.7", "mail-7.example.net", "example.net", false},
           Row{"203.0.113.7", "mx-113-7.example.net", "example.net", false},
           Row{"203.0.113.7", "198-51-100-4.example.net", "example.net", false},
           Row{"203.0.113.7", "mail.203-0-113-7.example", "203-0-113-7.example", false},
           Row{"2001:db8:1:2:3:4:5:6", "2001-db8-1-2-3-4-5-6.example.net", "example.net", true},
           Row{"2001:db8::7", "2001-db8--7.example.net", "example.net", true},
           Row{"2001:db8:1:2:3:4:5:6", "20010db8000100020003000400050006.example.net", "example.net", true},
           Row{"2001:db8:1:2:3:4:5:6", "6.0.0.0.5.0.0.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.example.net",
               "example.net", true},
           Row{"2001:db8::25", "mail.example.net", "example.net", false},
           // by the word
           Row{"192.0.2.7", "dsl-4711.example.net", "example.net", true},
           Row{"192.0.2.7", "a.dyn12.example.net", "example.net", true},
           Row{"192.0.2.7", "mta1.pool12.example.net", "example.net", false},
           Row{"192.0.2.7", "p4fd2.dip0.example.net", "example.net", true},
           Row{"192.0.2.7", "dynamic.example.net", "example.net", true},
           Row{"192.0.2.7", "dynamics.example.net", "example.net", false},
           Row{"192.0.2.7", "mail.dynamic.example", "dynamic.example", false},
           Row{"192.0.2.7", "carpool.example.net", "example.net", false},
           // servers
           Row{"192.0.2.7", "mail.example.org", "example.org", false},
           Row{"192.0.2.7", "example.org", "example.org", false},
           Row{"209.85.220.41", "mail-sor-f41.google.com", "google.com", false},
           Row{"192.0.2.7", "mta12.mail.a.example.org", "example.org", false},
       }) {
    CAPTURE(client);
    CAPTURE(name);
    CHECK(is_generic_name(name, organisation, *IpAddress::parse(client)) == generic);
  }
}
