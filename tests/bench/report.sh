#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# report.sh RESULTS ENV...: medians, ranges, and the ratio of each to the first
f=$1; shift; names=(); for e in "$@"; do names+=("$(basename "$e" .env)"); done
sort -k2,2 -k1,1 -k3,3g -s "$f" | awk -v ns="${names[*]}" '
 function med(k,  c){ c=n[k]; return c%2 ? v[k,(c+1)/2] : (v[k,c/2]+v[k,c/2+1])/2 }
 { k=$1 SUBSEP $2; if (NF>=3) { v[k,++n[k]]=$3+0; if(!($2 in seen)){seen[$2]=1; ord[++m]=$2} } }
 END { c=split(ns,nm," "); for(i=1;i<=m;i++){ printf "%-28s", ord[i]; base=""; for(j=1;j<=c;j++){ k=nm[j] SUBSEP ord[i]; if(!(k in n)){ printf " | %s -", nm[j]; continue }
   x=med(k); printf " | %s %.6g (%.4g-%.4g)", nm[j], x, v[k,1], v[k,n[k]]; if(base=="") base=x; else if(base!=0) printf " x%.3f", x/base } print "" } }'
