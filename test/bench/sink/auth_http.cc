#include "test/bench/sink/auth_http.h"

namespace bench {

void AuthHttp::hear(std::string_view octets, Answer& answer) {
  request_ += octets;
  if (!request_.ends_with("\r\n\r\n")) return;
  answer.then = Answer::Then::close;
  answer.text = "HTTP/1.0 200 OK\r\n";
  if (request_.starts_with("GET /ledger ")) {
    answer.text += "\r\n{\"put_off\": " + std::to_string(put_off_) + "}\n";
  } else if (request_.find("<later") != std::string::npos) {
    ++put_off_;
    answer.text += "Auth-Status: Greylisted\r\nAuth-Error-Code: 450 4.2.0\r\n\r\n";
  } else {
    answer.text += "Auth-Status: OK\r\nAuth-Server: 127.0.0.1\r\nAuth-Port: " + std::to_string(backend_) + "\r\n\r\n";
  }
}

}  // namespace bench
