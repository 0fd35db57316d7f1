#pragma once
#include <string>

namespace bench {

// The files of a certificate and its key, PEM.
struct Certificate {
  std::string certificate, key;
};

// A self-signed ECDSA P-256 certificate for mx.example.org, written into that directory.
Certificate make_certificate(const std::string& directory);

}  // namespace bench
