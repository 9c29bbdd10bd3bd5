<?xml version="1.0"?>
<CHANNEL HREF="http://oldquay.example/channel.htm"><TITLE>Old Quay Channel</TITLE><ABSTRACT>News</ABSTRACT>
<ITEM HREF="http://oldquay.example/tide" LASTMOD="1998-11-05T12:00"><TITLE>Tide tables are out</TITLE><ABSTRACT>High water at noon.</ABSTRACT></ITEM>
</CHANNEL>
