package filter

import "strings"

// expressions are what users write, and what is hard to get right. Every one is
// held against tcpdump -ddd on every link type.
var expressions = strings.Split(strings.TrimSpace(`
ip
ip6
arp
rarp
tcp
udp
sctp
icmp
icmp6
igmp
igrp
pim
vrrp
carp
ah
esp
port 80
port 0
port 65535
tcp port 80
udp port 53
sctp port 9
src port 80
dst port 80
src or dst port 80
dst or src port 80
src and dst port 80
tcp src port 80
tcp dst port 443
tcp port 80 or 443
tcp port 80 or 443 or 8080
tcp port (80 or 443)
port 80 or (443 or 8080)
port not 80
not port 80
not tcp port 80 or 443
port 80 and not 443
port 80 and port 90
port 80 or port 90 and host 10.0.0.1
src port 80 and dst port 90
port http
tcp port http
port https
udp port domain
port domain
portrange 80-90
portrange 90-80
portrange 1024-65535
tcp portrange 1-http
udp portrange domain-100
src portrange 1-1024
dst portrange 30000-65535
portrange 80
host 10.0.0.1
host 10.0.0.1 or 10.0.0.2
src host 10.0.0.1
dst host 10.0.0.2
src 10.0.0.1
dst 10.0.0.2
src or dst 10.0.0.1
src and dst host 127.0.0.1
ip host 10.0.0.1
arp host 10.0.0.1
arp src 10.0.0.1
rarp host 10.0.0.1
host 10.1
host 0
host 10.0.0.1 and not port 22
host 10.0.0.1 and (port 80 or 443)
not host 10.0.0.1
not (host 10.0.0.1 and (port 80 or 443)) or icmp
host 10.0.0.1 or host 10.0.0.2 or host 10.0.0.3
(host 10.0.0.1 or 10.0.0.2) and (port 80 or 443 or 8080)
src 10.0.0.1 and dst 10.0.0.2 and tcp
host 127.0.0.1 and tcp port 8080
net 10
net 10.0
net 192.168
net 10.0.0.0/8
net 10.0.0/24
net 0.0.0.0/0
net 10.0.0.0/31
net 10.0.0.1/32
net 10.0.0.0 mask 255.0.0.0
net 192.168.0.0 mask 255.255.0.0
src net 10.0.0.0/8
dst net 10.0.0.0/8
src and dst net 10
ip net 10.0.0.0/8
arp net 10.0.0.0/8
not net 10.0.0.0/8
net 10.0.0.0/8 or 192.168.0.0/16
src net 10.0.0.0/8 and not dst net 10.0.0.0/8
host ::1
ip6 host fe80::1
src host 2001:db8::1
dst host 2001:db8::2
src or dst host 2001:db8::1
host ::ffff:10.0.0.1
net 2001:db8::/32
src net fe80::/10
net 2001:db8::/33
net 2001:db8::/64 and tcp
net ::/0
net 2001:db8::1/128
ip6 net fe80::/10 and udp
ip6 and tcp port 80
ip6 or arp
proto 6
proto \tcp
ip proto 17
ip proto \udp
ip proto \icmp
ip6 proto 58
ip6 proto \tcp
ip proto 1 or 6
proto 44
ip proto 300
ip6 proto 0
ether proto 0x800
ether proto \ip
ether proto \arp
ether proto \ip6
ether proto 0x88cc
ether proto 6
ether proto 0x42
ether proto \stp
ether proto \ipx
ether proto \atalk
ether proto \aarp
ether proto \iso
ether proto \netbeui
ether proto \loopback
ether proto 99999
stp
iso
ipx
netbeui
atalk
aarp
lat
moprc
mopdl
sca
vlan
vlan 5
vlan 0
vlan (5)
not vlan
vlan and ip
vlan 5 and tcp port 80
vlan and vlan
vlan 5 and vlan 6
vlan 5 and vlan 6 and host 10.0.0.1
vlan or ip
ip or vlan
vlan and host 10.0.0.1
vlan and ip6 and tcp
vlan and ip[0] & 0xf > 5
vlan and tcp[13] & 2 != 0
(vlan 5 or vlan 6) and udp
vlan and ether[0] & 1 = 0
vlan and net 10.0.0.0/8
ether host 02:00:00:00:00:01
ether src 02:00:00:00:00:01
ether dst host 2:0:0:0:0:2
ether host 02-00-00-00-00-01
ether host 0200.0000.0001
ether host 020000000001
ether src or dst 02:00:00:00:00:01
ether src and dst 02:00:00:00:00:01
ether host ff:ff:ff:ff:ff:ff or 02:00:00:00:00:01
not ether host 02:00:00:00:00:01
ether broadcast
broadcast
ether multicast
multicast
ip broadcast
ip multicast
ip6 multicast
not broadcast and not multicast
less 60
greater 60
less 60 or greater 1000
len > 100
len <= 100
len - 14 >= 100
len = 54
len & 1 = 1
inbound
outbound
inbound and tcp
ifindex 2
tcp[13] & 2 != 0
tcp[tcpflags] & (tcp-syn|tcp-fin) != 0
tcp[tcpflags] == tcp-syn
tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn|tcp-ack
tcp[13] = 18
tcp[tcpflags] & tcp-push != 0 and port 80
tcp[0:2] = 80
tcp[2:2] > 1023
tcp[4:4] = 0
tcp[0] | 2 ^ 1 = 81
tcp[0] % 7 + 3 = 1
udp[4:2] > 100 and udp[4:2] < 200
udp[8] = 0
icmp[icmptype] = icmp-echo
icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply
icmp[0] = 8 or icmp[0] = 0
icmp6[icmp6type] = icmp6-echo
icmp6[0] >= 133 and icmp6[0] <= 137
ip[0] & 0xf != 5
ip[0] = 0x45
ip[6:2] & 0x1fff = 0
ip[6:2] & 0x3fff != 0
ip[8] < 64
ip[8] > ip[9]
ip[2:2] = len - 14
ip[12:4] = 0x0a000001
ip[16] >= 224
ip6[6] = 6
ip6[40] = 6
ip6[7] < 255
arp[6:2] = 1
rarp[6:2] = 3
sctp[0:2] = 9
igmp[0] = 17
vrrp[0] = 2
ether[0] & 1 = 0
ether[12:2] = 0x800
link[0] = 0
ether[0:4] = 0xffffffff
ether[len - 1] = 0
ether[ether[14] & 0xf] = 0
ip[ip[0] & 0xf] = 1
tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420
tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)
tcp[5] + ip[3] > ip[4]
tcp[0] + tcp[1] + tcp[2] + tcp[3] = 80
tcp[0] - (tcp[1] - (tcp[2] - tcp[3])) = 80
(tcp[0] + ip[1]) * (tcp[2] + ip[3]) > (ip[4] + tcp[5])
1 + tcp[1] = 81
ip[0] * 0 = 0
-ip[0] > 0x7fffffff
5 > ip[8]
64 = ip[8]
ip[8] = ip[8]
ip[0] / 16 = 4
ip[0] % 16 = 5
1 = 1
1 + 2 * 3 = 7
tcp or udp
tcp or udp or icmp
not tcp and not udp
not (tcp or udp)
ip and not tcp
ip or not ip
tcp and tcp
tcp and not tcp port 80
tcp && port 80 || udp && port 53
! tcp
not not tcp
(tcp)
((tcp) and (port 80))
tcp and (port 80 or port 443) and not (host 10.0.0.1 or net 192.168.0.0/16)
port 80 and (udp) or 90
tcp and port 80 and host 10.0.0.1 and host 10.0.0.2
(src host 10.0.0.1 and src port 80) or (dst host 10.0.0.1 and dst port 80)
icmp or icmp6 or arp
ip6 or (ip and not tcp)
udp port 53 or udp port 5353 or tcp port 53
tcp port 80 or tcp port 443 or tcp port 8080 or tcp port 8443 or tcp port 3000
port 80 or port 443 or udp or arp or host 10.0.0.9
`), "\n")
