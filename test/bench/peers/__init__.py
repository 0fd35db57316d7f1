"""The servers that are compared, ours last."""

from peers.direct import Direct
from peers.greygate import Greygate, GreygateProved, GreygateRedis, GreygateReuse
from peers.haproxy import HAProxy
from peers.haraka import Haraka
from peers.nginx import Nginx
from peers.postfix import Postgrey, Postscreen

ALL = (Direct, HAProxy, Nginx, Postgrey, Postscreen, Haraka, Greygate, GreygateProved, GreygateRedis,
       GreygateReuse)
